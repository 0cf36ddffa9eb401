import { resolve } from "node:path";
import {
	type ApplicationHost,
	type ApplicationPort,
	type HostFolders,
	type PortListener,
	placeOf,
} from "../app/index.ts";
import type { EventLog } from "../log/index.ts";
import { findMain } from "./code-folder.ts";
import { CodeHost, type CodeSettings } from "./code-host.ts";

export type ApplicationHostsOptions = {
	/** The folder that holds a folder for each application. */
	readonly folder: string;
	/** The same of virtual hosts. Default: there are none. */
	readonly hostFolders?: HostFolders | undefined;
	/** Runs applications without code. */
	readonly withoutCode: ApplicationHost;
	/** How the code of an application is run; `undefined`: code is not run. */
	settings(application: string): CodeSettings | undefined;
	readonly log: EventLog;
	/** Monotonic milliseconds. */
	now(): number;
	schedule(millis: number, action: () => void): () => void;
};

/** Runs every application: those with code in hosts of their own, the others in the media process. */
export class ApplicationHosts implements ApplicationHost {
	readonly #options: ApplicationHostsOptions;
	readonly #hosts = new Map<string, CodeHost>();

	constructor(options: ApplicationHostsOptions) {
		this.#options = options;
	}

	open(application: string, instance: string, listener: PortListener): ApplicationPort {
		const host = this.#hosts.get(application) ?? this.#hostFor(application);
		return host?.open(instance, listener) ?? this.#options.withoutCode.open(application, instance, listener);
	}

	/** Whether an application has code. */
	hasCode(application: string): boolean {
		return this.#hosts.has(application) || findMain(this.#folderOf(application)) !== undefined;
	}

	/** Starts an application's code anew. False: it does not run. */
	reload(application: string): boolean {
		const host = this.#hosts.get(application);
		host?.reload();
		return host !== undefined;
	}

	/** Ends all of them. Resolves when their code has ended. */
	async stop(): Promise<void> {
		const hosts = [...this.#hosts.values()];
		this.#hosts.clear();
		await Promise.all(hosts.map(host => host.stop("The server stops.")));
	}

	#folderOf(application: string): string {
		const { root, name } = placeOf(application, this.#options.folder, this.#options.hostFolders);
		return resolve(root, name);
	}

	#hostFor(application: string): CodeHost | undefined {
		const { log, now, schedule, settings } = this.#options;
		const folder = this.#folderOf(application);
		if (findMain(folder) === undefined) return undefined;
		const how = settings(application);
		if (how === undefined) return undefined;
		const host = new CodeHost({ application, folder, settings: how, log, now, schedule });
		this.#hosts.set(application, host);
		return host;
	}
}
