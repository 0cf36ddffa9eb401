import { readdirSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { mayPublish, ON_DEMAND_ONLY, SwfFolder, SwfPolicy, virtualKeysBy } from "./access/index.ts";
import { type HostFolders, hostedApplication, placeOf, splitApplication } from "./app/index.ts";
import { APPLICATION_NAME, type ApplicationOptions, applicationOptions, type ServerOptions } from "./config/index.ts";
import type { LiveStreamOptions } from "./hub/index.ts";
import type { EventLog } from "./log/index.ts";
import { type ApplicationRules, ClientAllowance } from "./rtmp/index.ts";

/** A clock that goes back by more has restarted; less is audio and video out of step. */
const BACKWARD_MILLIS = 1000;

/** What the settings say of each application, worked out once. */
export class ServerApplications {
	readonly #options: ServerOptions;
	readonly #log: EventLog;
	readonly #rules = new Map<string, ApplicationRules | undefined>();
	/** The folders of SWF files, by their settings: one for all applications that share them. */
	readonly #swfFolders = new Map<string, SwfFolder>();

	/** What the clients of each virtual host share. */
	readonly #allowances = new Map<string, ClientAllowance>();
	readonly #hostFolders: HostFolders | undefined;

	/** @param hostFolders where the applications of virtual hosts have their folders */
	constructor(options: ServerOptions, log: EventLog, hostFolders?: HostFolders) {
		this.#hostFolders = hostFolders;
		this.#options = options;
		for (const [host, { connections }] of Object.entries(options.virtualHosts)) {
			if (connections > 0) this.#allowances.set(host, new ClientAllowance(connections));
		}
		this.#log = log;
	}

	/** Begins to watch the folders of SWF files. Rejects where one cannot be read. */
	async start(): Promise<void> {
		const { swfVerification, allowUnknownApplications } = this.#options;
		if (swfVerification.enabled && allowUnknownApplications) this.#swfFolder(swfVerification);
		for (const name of this.#listed()) this.rules(name);
		for (const folder of this.#swfFolders.values()) await folder.start();
	}

	stop(): void {
		for (const folder of this.#swfFolders.values()) folder.stop();
	}

	/** Whether a client may connect to an application of that name. */
	has(name: string): boolean {
		return this.rules(name) !== undefined;
	}

	/** Whether there is an application of that name, listed or with a folder. */
	isNamed(name: string): boolean {
		return this.isListed(name) || this.#hasFolder(name);
	}

	/** An application's settings; `undefined` where there is none of that name. */
	options(name: string): ApplicationOptions | undefined {
		// Streams of other servers are kept under their addresses: no path may lead to them.
		if (name.includes("/")) return undefined;
		const { name: plain, host } = this.#split(name);
		return applicationOptions(this.#options, plain, () => this.#hasFolder(name), host);
	}

	/** Whether the settings name the application. */
	isListed(name: string): boolean {
		const { name: plain, host } = this.#split(name);
		const settings = host === undefined ? this.#options : this.#options.virtualHosts[host];
		return settings !== undefined && Object.hasOwn(settings.applications, plain);
	}

	/** Without virtual hosts, a name means nothing but itself. */
	#split(name: string): { readonly name: string; readonly host: string | undefined } {
		const split = this.#hostFolders === undefined ? undefined : splitApplication(name);
		return split?.host !== undefined && this.#hostFolders?.has(split.host) ? split : { name, host: undefined };
	}

	#listed(): string[] {
		const hosts = Object.entries(this.#options.virtualHosts);
		const hosted = hosts.flatMap(([host, { applications }]) =>
			Object.keys(applications).map(name => hostedApplication(name, host)),
		);
		return [...Object.keys(this.#options.applications), ...hosted];
	}

	/** Who makes a folder for an application need not say so elsewhere. */
	#hasFolder(application: string): boolean {
		const { root, name } = placeOf(application, this.#options.media.applications, this.#hostFolders);
		if (!APPLICATION_NAME.test(name)) return false;
		return statSync(resolve(root, name), { throwIfNoEntry: false })?.isDirectory() ?? false;
	}

	/** What an application allows and how its streams behave; `undefined` where there is none of that name. */
	rules(name: string): ApplicationRules | undefined {
		const known = this.#rules.get(name);
		if (known !== undefined || this.#rules.has(name)) return known;
		const options = this.options(name);
		const rules = options && this.#rulesOf(options, this.#allowances.get(this.#split(name).host ?? ""));
		// Any name may be asked for: only those that exist by name are kept.
		if (this.isListed(name)) this.#rules.set(name, rules);
		return rules;
	}

	/** Applications that are to run before anybody connects, if they have code: those of the settings, and folders. */
	toStart(): string[] {
		const { applications, code, media } = this.#options;
		const names = new Set(Object.keys(applications));
		if (code.start) for (const name of folderNames(media.applications)) names.add(name);
		return [...names].filter(name => {
			const code = this.options(name)?.code;
			return code?.enabled && code.start;
		});
	}

	/** How streams of other servers behave here. Who may publish and connect, those servers say. */
	edgeRules(): ApplicationRules {
		const options = applicationOptions({ ...this.#options, applications: {} }, "edge", () => true)!;
		return {
			bandwidth: options.bandwidth,
			live: liveOptions(options),
			mayPublish: (remoteAddress, key) => mayPublish({ remoteAddress, key }, { from: "anywhere", key: null }),
		};
	}

	/** Applications whose files may be listed. */
	withListedFiles(): string[] {
		return this.#listed().filter(name => this.options(name)?.media.list === true);
	}

	#rulesOf(options: ApplicationOptions, allowance: ClientAllowance | undefined): ApplicationRules {
		const { type, protocols, publish, bandwidth, swfVerification, media } = options;
		const { enabled, timeoutMillis, exempt } = swfVerification;
		const swf = enabled ? new SwfPolicy(this.#swfFolder(swfVerification), { timeoutMillis, exempt }) : undefined;
		const live = liveOptions(options);
		const common = { protocols, bandwidth, swf, live, allowance, virtualKeyOf: virtualKeysBy(media.virtualKeys) };
		if (type === "vod") return { ...common, hasLive: false, mayPublish: () => ON_DEMAND_ONLY };
		return {
			...common,
			mayPublish: (remoteAddress, key) => mayPublish({ remoteAddress, key }, { from: publish.from, key: publish.key }),
		};
	}

	#swfFolder({ folder, refreshMillis, fileBytes }: ApplicationOptions["swfVerification"]): SwfFolder {
		const key = JSON.stringify([folder, refreshMillis, fileBytes]);
		let known = this.#swfFolders.get(key);
		if (known === undefined) {
			known = new SwfFolder({ folder, refreshMillis, fileBytes, log: this.#log });
			this.#swfFolders.set(key, known);
		}
		return known;
	}
}

/** Nothing where the folder is not there, or not yet. */
function folderNames(path: string): string[] {
	try {
		return readdirSync(path);
	} catch {
		return [];
	}
}

function liveOptions({ publish, live }: ApplicationOptions): LiveStreamOptions {
	return {
		latency: live.latency,
		defaultWindowMillis: live.windowMillis.default,
		scaleWindowMillis: live.windowMillis.scale,
		audioFlushMillis: live.audioFlushMillis,
		gopCache: live.gopCache,
		viewerQueue: live.viewerQueue,
		timestamps: { jumpMillis: live.timestamps.jumpMillis, backwardMillis: BACKWARD_MILLIS },
		duplicate: publish.duplicate,
		graceMillis: publish.graceMillis,
		idleTimeoutMillis: publish.idleTimeoutMillis,
	};
}
