import { hostedApplication, StreamName, splitApplication } from "../app/index.ts";
import type { FileFacts, FileView } from "./library-view.ts";
import type { ServerView } from "./server-view.ts";

/** What pages of a virtual host see of the live streams: its own, under the names that they have there. */
export function serverViewOf(host: string, view: ServerView): ServerView {
	return {
		server: () => view.server(),
		streams: () => view.streams().flatMap(stream => withoutHost(stream, host) ?? []),
	};
}

/** What pages of a virtual host see of the files, as `serverViewOf`. */
export function fileViewOf(host: string, view: FileView): FileView {
	return {
		async list({ application, offset, limit }) {
			const wanted = application === undefined ? undefined : hostedApplication(application, host);
			const { total, files } = await view.list({ application: wanted, host, offset, limit });
			return { total, files: files.flatMap(file => plainFile(file, host) ?? []) };
		},
		async find(path) {
			const name = StreamName.fromPath(path);
			if (name === undefined) return undefined;
			const hosted = new StreamName(hostedApplication(name.application, host), name.instance, name.name);
			const found = await view.find(hosted.path);
			return found && plainFile(found, host);
		},
	};
}

function plainFile(facts: FileFacts, host: string): FileFacts | undefined {
	const plain = withoutHost(facts, host);
	return plain && { ...plain, file: facts.file.replace(`@${host}/`, "/") };
}

function withoutHost<T extends { readonly application: string; readonly path: string }>(
	facts: T,
	host: string,
): T | undefined {
	const { name, host: own } = splitApplication(facts.application);
	return own === host ? { ...facts, application: name, path: facts.path.replace(`@${host}/`, "/") } : undefined;
}
