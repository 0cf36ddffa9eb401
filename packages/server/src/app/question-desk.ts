import type { AmfObject, AmfValue } from "@millrace/core/amf";
import { AliveCheck } from "./alive-check.ts";
import type { ClientLine, ClientQuestion, InstanceMedia } from "./instance-client.ts";
import type { InstanceStats } from "./instance-stats.ts";
import type { ClientId, PortEffect, PortQuestion } from "./port.ts";

/** The instance whose application asks. */
export interface QuestionHost {
	/** What the application does with media; `undefined`: nothing. */
	readonly media: InstanceMedia | undefined;
	/** Monotonic milliseconds. */
	now(): number;
	/** The line of a client that is there; `undefined`: it has gone. */
	lineOf(client: string): ClientLine | undefined;
	/** The lines of all clients, in the order in which they came. */
	lines(): Iterable<readonly [ClientId, ClientLine]>;
	stats(): InstanceStats;
	/** Gives the application its answer; a failed one is a sentence. */
	reply(question: Question, failed: boolean, value: AmfValue): void;
	/** Giving an answer has failed. */
	onFault(question: Question, error: unknown): void;
}

/** What an application asks. */
export type Question = Extract<PortEffect, { kind: "ask" }>;

/** Questions that an application may have open at once. */
const MAX_OPEN = 256;

/** Answers what an application asks about its instance, its clients and its media. */
export class QuestionDesk {
	readonly #host: QuestionHost;
	readonly #alive: AliveCheck;
	/** Questions that are not answered yet. */
	#open = 0;

	constructor(host: QuestionHost) {
		this.#host = host;
		this.#alive = new AliveCheck(host.now, () => host.lines());
	}

	/** Takes a question, which is answered once: at once where that is possible. */
	take(question: Question): void {
		const host = this.#host;
		if (this.#open >= MAX_OPEN) {
			host.reply(question, true, `More than ${MAX_OPEN} questions wait for an answer.`);
			return;
		}
		const immediate = question.isAwaited ? this.#immediateAnswer(question) : undefined;
		if (immediate !== undefined) {
			host.reply(question, false, immediate);
			return;
		}
		this.#open++;
		this.#answer(question)
			.then(
				value => host.reply(question, false, value),
				(error: unknown) => host.reply(question, true, error instanceof Error ? error.message : String(error)),
			)
			.catch((error: unknown) => host.onFault(question, error))
			.finally(() => {
				this.#open--;
			});
	}

	/** A client has gone: whether it is there is known now. */
	forget(client: ClientId): void {
		this.#alive.forget(client);
	}

	/** What is known without a wait: code in this process, which cannot stand still, gets no other answers. */
	#immediateAnswer({ question, args }: Question): AmfValue {
		if (question === "instance-stats") return this.#stats();
		const line = this.#host.lineOf(String(args[0]));
		if (question === "client-stats") return line?.stats() as unknown as AmfObject | undefined;
		return question === "bandwidth-limit" && line !== undefined ? { ...line.bandwidthLimit } : undefined;
	}

	async #answer({ question, args }: Question): Promise<AmfValue> {
		if (question === "instance-stats") return this.#stats();
		if (question === "alive") return this.#alive.ask(String(args[0]));
		if (isAboutLine(question)) {
			const line = this.#host.lineOf(String(args[0]));
			if (line === undefined) throw new Error("The client has gone.");
			return askLine(line, question);
		}
		const { media } = this.#host;
		if (media === undefined) throw new Error("There is no media here.");
		return media.answer(question, args);
	}

	#stats(): AmfObject {
		return { ...this.#host.stats() };
	}
}

type LineQuestion = Exclude<ClientQuestion, "alive" | "instance-stats">;

function isAboutLine(question: PortQuestion): question is LineQuestion {
	return ["client-stats", "bandwidth-limit", "ping", "check-bandwidth"].includes(question);
}

function askLine(line: ClientLine, question: LineQuestion): Promise<AmfValue> {
	return new Promise((resolve, reject) => {
		const answer = (value: AmfValue) => {
			if (value === undefined) reject(new Error("The client did not answer."));
			else resolve(value);
		};
		if (question === "ping") line.ping(answer);
		else if (question === "client-stats") resolve(line.stats() as unknown as AmfObject);
		else if (question === "bandwidth-limit") resolve({ ...line.bandwidthLimit });
		else if (!line.checkBandwidth(answer)) reject(new Error("The client is not connected."));
	});
}
