import { z } from "zod";

/** A name by which clients reach a server: `example.org`, `10.0.0.1`. */
const HOST_NAME = /^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/;
const HOST_NAME_ERROR = "must be the name of a host, such as `chat.example.org`, without port";
const ALIAS = /^(\*\.)?[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/;

/** What a virtual host is called, in the addresses of clients and in front of its streams in the log. */
export const hostNameSchema = z.string().regex(HOST_NAME, { error: HOST_NAME_ERROR });

/** Settings of a virtual host that concern no part of the server in particular. */
export const virtualHostFields = {
	aliases: z
		.array(z.string().regex(ALIAS, { error: `${HOST_NAME_ERROR}, or \`*.example.org\`` }))
		.default([])
		.describe("Further names for it; `*.example.org` stands for all names that end so."),
	folder: z
		.string()
		.min(1)
		.describe(
			"The folder that holds a folder for each of its applications, as `media.applications` does for the others. No two hosts can share one. Relative to where the server is started.",
		),
	connections: z
		.int()
		.min(0)
		.max(1_000_000)
		.default(0)
		.describe("How many RTMP clients it may have at once; 0 means any number, up to `limits.connections`."),
};

/** As far as hosts are compared: in lower case, without a dot at the end. */
export function plainHostName(name: string): string {
	return name.toLowerCase().replace(/\.$/, "");
}

type NamedHost = { readonly aliases: readonly string[]; readonly folder: string };

/**
 * What is wrong with the virtual hosts together: names or folders that two of them have.
 *
 * @param rootFolder the folder of the default host's applications
 */
export function* virtualHostFaults(
	hosts: Readonly<Record<string, NamedHost>>,
	rootFolder: string,
): Generator<{ readonly path: (string | number)[]; readonly message: string }> {
	const names = new Set<string>();
	const folders = new Set([plainFolder(rootFolder)]);
	for (const [host, { aliases, folder }] of Object.entries(hosts)) {
		const taken = (name: string): boolean => names.size === names.add(plainHostName(name)).size;
		if (taken(host)) yield { path: [host], message: "is the name of another virtual host too" };
		for (const [index, alias] of aliases.entries()) {
			if (taken(alias)) yield { path: [host, "aliases", index], message: "is named twice among the virtual hosts" };
		}
		const size = folders.size;
		if (folders.add(plainFolder(folder)).size === size) {
			yield { path: [host, "folder"], message: "is the folder of another host's applications too" };
		}
	}
}

function plainFolder(folder: string): string {
	return folder
		.replaceAll("\\", "/")
		.replaceAll(/(^|\/)(\.\/)+/g, "$1")
		.replace(/\/+$/, "");
}
