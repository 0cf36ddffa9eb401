/** Folders of virtual hosts, each with a folder for each application, by the hosts' names. */
export type HostFolders = ReadonlyMap<string, string>;

/** Where the folder of an application is. */
export type ApplicationPlace = {
	/** The folder that holds it, among those of the same host. */
	readonly root: string;
	/** Its name there. */
	readonly name: string;
};

/**
 * The name by which the server keeps an application of a virtual host: `live@chat.example.org`. All that is named after
 * its application is apart then: instances, streams, recordings, shared objects, lines of the log. Applications of the
 * default host keep their plain names.
 */
export function hostedApplication(name: string, host: string | undefined): string {
	return host === undefined ? name : `${name}@${host}`;
}

/** Takes a name of `hostedApplication` apart; `host` is `undefined` for the default one. */
export function splitApplication(application: string): { readonly name: string; readonly host: string | undefined } {
	const mark = application.lastIndexOf("@");
	if (mark < 0) return { name: application, host: undefined };
	return { name: application.slice(0, mark), host: application.slice(mark + 1) };
}

/**
 * Where an application's folder is.
 *
 * @param root the folder of the default host's applications
 * @param hosts without it there is only that one
 */
export function placeOf(application: string, root: string, hosts?: HostFolders): ApplicationPlace {
	if (hosts !== undefined) {
		const { name, host } = splitApplication(application);
		const hostRoot = host === undefined ? undefined : hosts.get(host);
		if (hostRoot !== undefined) return { root: hostRoot, name };
	}
	return { root, name: application };
}
