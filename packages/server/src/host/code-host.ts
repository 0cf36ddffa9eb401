import type { ApplicationPort, PortListener } from "../app/index.ts";
import type { EventLog } from "../log/index.ts";
import { findMain, watchCode } from "./code-folder.ts";
import type { StartChannel } from "./host-channel.ts";
import { type RuntimeLimits, RuntimeLink } from "./runtime-link.ts";

/** How an application's code is run. */
export type CodeSettings = {
	readonly start: StartChannel;
	readonly limits: RuntimeLimits;
	readonly network: boolean;
	/** Whether it starts anew when its code changes. */
	readonly reload: boolean;
	readonly config: Readonly<Record<string, unknown>>;
};

export type CodeHostOptions = {
	readonly application: string;
	/** Absolute. */
	readonly folder: string;
	/** Its main file, absolute; looked for in the folder at each start where it is left out. */
	readonly main?: string;
	readonly settings: CodeSettings;
	readonly log: EventLog;
	/** Monotonic milliseconds. */
	now(): number;
	schedule(millis: number, action: () => void): () => void;
};

/** Waits after failures, in milliseconds: doubled with each up to the last. */
const FIRST_WAIT_MILLIS = 500;
const LAST_WAIT_MILLIS = 60_000;
/** Who ran this long has recovered: failures are counted anew. */
const RECOVERED_MILLIS = 60_000;

/** Runs the code of one application: starts it for its first instance, again after a failure, and anew when it changes. */
export class CodeHost {
	readonly #options: CodeHostOptions;
	readonly #log: EventLog;
	#link: RuntimeLink | undefined;
	/** Changed code that is being loaded; it takes over as soon as it is. */
	#next: RuntimeLink | undefined;
	/** Those that finish what they have begun. */
	readonly #ending = new Set<RuntimeLink>();
	#failures = 0;
	#startedAt = 0;
	#notBefore = Number.NEGATIVE_INFINITY;
	#endWatch: (() => void) | undefined;

	constructor(options: CodeHostOptions) {
		this.#options = options;
		this.#log = options.log.child({ stream: options.application });
	}

	open(instance: string, listener: PortListener): ApplicationPort {
		const wait = this.#notBefore - this.#options.now();
		if (wait > 0)
			return lostPort(listener, `The application has failed; it starts again in ${Math.ceil(wait / 1000)} s.`);
		this.#link ??= this.#start();
		if (this.#link === undefined) return lostPort(listener, "The application has no code any more.");
		return this.#link.open(instance, listener);
	}

	/**
	 * Starts the code anew: clients of the application are sent away as soon as the new code is loaded. Code that had
	 * failed need not wait any longer to be started.
	 */
	reload(): void {
		if (this.#link === undefined) {
			this.#notBefore = Number.NEGATIVE_INFINITY;
			return;
		}
		this.#next?.end("The application was changed again.");
		this.#next = this.#start();
	}

	/** Ends it; clients are told so. Resolves when its code has ended. */
	async stop(reason: string): Promise<void> {
		this.#endWatch?.();
		this.#endWatch = undefined;
		const links = [this.#next, this.#link, ...this.#ending];
		this.#next = undefined;
		this.#link = undefined;
		await Promise.all(
			links.map(link => {
				link?.end(reason);
				return link?.ended;
			}),
		);
	}

	#start(): RuntimeLink | undefined {
		const { application, folder, settings, now, schedule } = this.#options;
		const main = this.#options.main ?? findMain(folder);
		if (main === undefined) return undefined;
		if (settings.reload) {
			this.#endWatch ??= watchCode(
				folder,
				() => this.reload(),
				error => this.#log.warn("application-unwatched", { text: "Changes of the code are not noticed.", error }),
			);
		}
		const link: RuntimeLink = new RuntimeLink({
			start: settings.start,
			setup: { application, folder, main, network: settings.network },
			limits: settings.limits,
			config: settings.config,
			log: this.#log,
			now,
			schedule,
			onReady: () => this.#onReady(link),
			onEnded: (ended, reason, wasMeant) => this.#onEnded(ended, reason, wasMeant),
			onEmpty: empty => this.#onEmpty(empty),
		});
		return link;
	}

	#onReady(link: RuntimeLink): void {
		this.#startedAt = this.#options.now();
		this.#log.info("application-start", {});
		if (link !== this.#next) return;
		const former = this.#link;
		this.#link = link;
		this.#next = undefined;
		this.#notBefore = Number.NEGATIVE_INFINITY;
		if (former !== undefined) this.#end(former, "The application was changed and starts anew.");
	}

	#onEnded(link: RuntimeLink, reason: string, wasMeant: boolean): void {
		if (link === this.#next) {
			this.#next = undefined;
			if (!wasMeant) this.#log.error("application-unchanged", { text: `The changed code is not used: it ${reason}.` });
			return;
		}
		this.#ending.delete(link);
		if (link === this.#link) this.#link = undefined;
		if (wasMeant) {
			this.#log.debug("application-end", {});
			return;
		}
		const now = this.#options.now();
		if (now - this.#startedAt > RECOVERED_MILLIS) this.#failures = 0;
		const wait = Math.min(LAST_WAIT_MILLIS, FIRST_WAIT_MILLIS * 2 ** this.#failures);
		this.#failures++;
		this.#notBefore = now + wait;
		this.#log.error("application-crash", { text: `It ${reason}.`, waitMillis: wait });
	}

	#onEmpty(link: RuntimeLink): void {
		if (link !== this.#link) return;
		this.#link = undefined;
		this.#end(link, "The application is idle.");
	}

	#end(link: RuntimeLink, reason: string): void {
		this.#ending.add(link);
		link.end(reason);
	}
}

/** A port that leads nowhere: its instance is told so, after `open` has returned. */
function lostPort(listener: PortListener, reason: string): ApplicationPort {
	setImmediate(() => listener.onLost(reason));
	return { send: () => {}, answer: () => {}, close: () => {} };
}
