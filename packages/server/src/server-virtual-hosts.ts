import type { IncomingMessage } from "node:http";
import { resolve } from "node:path";
import { type HostFolders, hostedApplication, StreamName } from "./app/index.ts";
import { plainHostName, type ServerOptions } from "./config/index.ts";

/** Which virtual host a client or a request is for. It is made only where the settings have any. */
export class VirtualHosts {
	/** Where the applications of each have their folders, absolute. */
	readonly folders: HostFolders;
	readonly #byName = new Map<string, string>();
	/** By what names end with, `.example.org`; the longest first. */
	readonly #bySuffix: readonly (readonly [suffix: string, host: string])[];
	readonly #takesParameter: boolean;

	/** `undefined` where the settings have no virtual hosts. */
	static of(options: ServerOptions): VirtualHosts | undefined {
		return Object.keys(options.virtualHosts).length === 0 ? undefined : new VirtualHosts(options);
	}

	private constructor({ virtualHosts, virtualHostParameter }: ServerOptions) {
		const hosts = Object.entries(virtualHosts);
		this.folders = new Map(hosts.map(([host, { folder }]) => [host, resolve(folder)]));
		this.#takesParameter = virtualHostParameter;
		const suffixes: [string, string][] = [];
		for (const [host, { aliases }] of hosts) {
			for (const name of [host, ...aliases]) {
				if (name.startsWith("*.")) suffixes.push([plainHostName(name.slice(1)), host]);
				else this.#byName.set(plainHostName(name), host);
			}
		}
		this.#bySuffix = suffixes.toSorted(([a], [b]) => b.length - a.length);
	}

	/**
	 * The name of the application that a client asks for: of the host in its `tcUrl`, or of the one that `_fcs_vhost`
	 * names where that is allowed. A host that is not known is the default one.
	 */
	applicationOf({ application, tcUrl, query }: Connecting): string {
		// A name of that form is the server's own: hosts are chosen by their addresses.
		if (application.includes("@")) return this.#takesParameter ? application : "";
		const asked = this.#takesParameter ? new URLSearchParams(query).get("_fcs_vhost") : null;
		const host = this.#find(asked ?? HOST_OF_URL.exec(tcUrl)?.[1] ?? "");
		return hostedApplication(application, host);
	}

	/** The host that an HTTP request names; `undefined`: the default one. */
	hostOf({ headers }: IncomingMessage): string | undefined {
		return this.#find(/^(\[[^\]]*\]|[^:]*)/.exec(headers.host ?? "")?.[1] ?? "");
	}

	/** The stream that an HTTP request means by a name in its path. */
	streamOf(name: StreamName, request: IncomingMessage): StreamName {
		const host = name.application.includes("@") ? undefined : this.hostOf(request);
		return host === undefined
			? name
			: new StreamName(hostedApplication(name.application, host), name.instance, name.name);
	}

	#find(text: string): string | undefined {
		const name = plainHostName(text);
		return this.#byName.get(name) ?? this.#bySuffix.find(([suffix]) => name.endsWith(suffix))?.[1];
	}
}

/** What a client says where it connects. */
type Connecting = { readonly application: string; readonly tcUrl: string; readonly query: string };

const HOST_OF_URL = /^[A-Za-z]+:\/\/(?:[^/@?#]*@)?(\[[^\]]*\]|[^/:?#]*)/;
