import { DEFAULT_INSTANCE } from "@millrace/core/rtmp";
import type { InstanceDirectory } from "./instance-directory.ts";

export type StandingInstancesOptions = {
	readonly directory: InstanceDirectory;
	/** Applications whose default instance runs whether there are clients or not. Asked every second. */
	applications(): Iterable<string>;
	/** Calls `action` once after a time; returns what calls it off. */
	schedule(millis: number, action: () => void): () => void;
};

/** How often it is looked whether all of them run, in milliseconds. */
const LOOK_MILLIS = 1000;

/**
 * Instances that run as long as the server does (`LoadOnStartup` of Flash Media Server): they start with it, or as soon
 * as their application is there, and again when they have ended for whatever reason. How long one that fails has to
 * wait is the host's to say: until then it ends at once.
 */
export class StandingInstances {
	readonly #options: StandingInstancesOptions;
	#callOff: (() => void) | undefined;

	constructor(options: StandingInstancesOptions) {
		this.#options = options;
	}

	start(): void {
		const { directory, applications, schedule } = this.#options;
		for (const application of applications()) {
			if (directory.find(application, DEFAULT_INSTANCE) === undefined) directory.open(application, DEFAULT_INSTANCE);
		}
		this.#callOff = schedule(LOOK_MILLIS, () => this.start());
	}

	/** None is started any more; those that run go on. */
	stop(): void {
		this.#callOff?.();
		this.#callOff = undefined;
	}
}
