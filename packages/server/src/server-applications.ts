import { statSync } from "node:fs";
import { resolve } from "node:path";
import { mayPublish, ON_DEMAND_ONLY, SwfFolder, SwfPolicy } from "./access/index.ts";
import { APPLICATION_NAME, type ApplicationOptions, applicationOptions, type ServerOptions } from "./config/index.ts";
import type { LiveStreamOptions } from "./hub/index.ts";
import type { EventLog } from "./log/index.ts";
import type { ApplicationRules } from "./rtmp/index.ts";

/** A clock that goes back by more has restarted; less is audio and video out of step. */
const BACKWARD_MILLIS = 1000;

/** What the settings say of each application, worked out once. */
export class ServerApplications {
	readonly #options: ServerOptions;
	readonly #log: EventLog;
	readonly #rules = new Map<string, ApplicationRules | undefined>();
	/** The folders of SWF files, by their settings: one for all applications that share them. */
	readonly #swfFolders = new Map<string, SwfFolder>();

	constructor(options: ServerOptions, log: EventLog) {
		this.#options = options;
		this.#log = log;
	}

	/** Begins to watch the folders of SWF files. Rejects where one cannot be read. */
	async start(): Promise<void> {
		const { swfVerification, allowUnknownApplications, applications } = this.#options;
		if (swfVerification.enabled && allowUnknownApplications) this.#swfFolder(swfVerification);
		for (const name of Object.keys(applications)) this.rules(name);
		for (const folder of this.#swfFolders.values()) await folder.start();
	}

	stop(): void {
		for (const folder of this.#swfFolders.values()) folder.stop();
	}

	/** Whether a client may connect to an application of that name. */
	has(name: string): boolean {
		return this.rules(name) !== undefined;
	}

	/** An application's settings; `undefined` where there is none of that name. */
	options(name: string): ApplicationOptions | undefined {
		// Streams of other servers are kept under their addresses: no path may lead to them.
		if (name.includes("/")) return undefined;
		return applicationOptions(this.#options, name, () => this.#hasFolder(name));
	}

	/** Who makes a folder for an application need not say so elsewhere. */
	#hasFolder(name: string): boolean {
		if (!APPLICATION_NAME.test(name)) return false;
		const folder = resolve(this.#options.media.applications, name);
		return statSync(folder, { throwIfNoEntry: false })?.isDirectory() ?? false;
	}

	/** What an application allows and how its streams behave; `undefined` where there is none of that name. */
	rules(name: string): ApplicationRules | undefined {
		const known = this.#rules.get(name);
		if (known !== undefined || this.#rules.has(name)) return known;
		const options = this.options(name);
		const rules = options && this.#rulesOf(options);
		// Any name may be asked for: only those that exist by name are kept.
		if (Object.hasOwn(this.#options.applications, name)) this.#rules.set(name, rules);
		return rules;
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
		return Object.keys(this.#options.applications).filter(name => this.options(name)?.media.list === true);
	}

	#rulesOf(options: ApplicationOptions): ApplicationRules {
		const { type, protocols, publish, bandwidth, swfVerification } = options;
		const { enabled, timeoutMillis, exempt } = swfVerification;
		const swf = enabled ? new SwfPolicy(this.#swfFolder(swfVerification), { timeoutMillis, exempt }) : undefined;
		const live = liveOptions(options);
		if (type === "vod") return { protocols, bandwidth, swf, hasLive: false, live, mayPublish: () => ON_DEMAND_ONLY };
		return {
			protocols,
			bandwidth,
			swf,
			live,
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
