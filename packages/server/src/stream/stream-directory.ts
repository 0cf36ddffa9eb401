import { UsageError } from "@millrace/core/fault";
import { MediaOpener } from "../library/index.ts";
import { ApplicationStreams } from "./application-streams.ts";
import { RelayGraph } from "./relay-graph.ts";
import type { StreamContext, StreamStatusListener } from "./stream-context.ts";

/** What all applications of a server have of streams: one `ApplicationStreams` for each instance that runs. */
export class StreamDirectory {
	readonly #context: StreamContext;
	readonly #opener: MediaOpener;
	readonly #relays = new RelayGraph();
	readonly #instances = new Map<string, ApplicationStreams>();
	#nextIdentity = 1;

	constructor(context: StreamContext) {
		this.#context = context;
		const hasLive = (application: string) => {
			const rules = context.application(application);
			return rules !== undefined && rules.hasLive !== false;
		};
		this.#opener = new MediaOpener(context.hub, context.library, hasLive, context.log);
	}

	/**
	 * The streams of an instance that starts; `close` ends them.
	 *
	 * @throws UsageError where they are open, or there is no such application
	 */
	open(application: string, instance: string, onStatus: StreamStatusListener): ApplicationStreams {
		const key = `${application}/${instance}`;
		const rules = this.#context.application(application);
		if (rules === undefined) throw new UsageError("USAGE", `There is no application ${application}.`);
		if (this.#instances.has(key)) throw new UsageError("USAGE", `The streams of ${key} are open.`);
		const { graceMillis } = rules.live;
		const environmentOf = () => ({
			context: this.#context,
			opener: this.#opener,
			relays: this.#relays,
			graceMillis,
			identity: `application stream ${this.#nextIdentity++}`,
		});
		const onClosed = () => void this.#instances.delete(key);
		const streams = new ApplicationStreams(application, instance, rules, environmentOf, onStatus, onClosed);
		this.#instances.set(key, streams);
		return streams;
	}

	/** Ends all streams of all instances. Resolves when what was recorded is on the disk. */
	async stop(): Promise<void> {
		await Promise.all([...this.#instances.values()].map(streams => streams.close()));
	}
}
