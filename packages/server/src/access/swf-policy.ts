import { decodeSwfAnswer, provesSwf } from "@millrace/core/rtmp";
import { AgentRange } from "./agent-range.ts";
import type { SwfFolder } from "./swf-folder.ts";

export type SwfPolicyOptions = {
	/** How long a client may take to answer, in milliseconds. */
	readonly timeoutMillis: number;
	/** Clients that are not asked, by the first and the last version of a name. */
	readonly exempt: readonly { readonly from: string; readonly to: string }[];
};

/** What an answer is worth: the proof of a known file, none, or one over a part of a file that is still loading. */
export type SwfVerdict = "known" | "unknown" | "loading";

/** Decides who must prove which SWF file opened its connection, and whether a proof is one. */
export class SwfPolicy {
	readonly timeoutMillis: number;
	readonly #exempt: readonly AgentRange[];
	readonly #files: Pick<SwfFolder, "withSize">;

	constructor(files: Pick<SwfFolder, "withSize">, options: SwfPolicyOptions) {
		this.#files = files;
		this.timeoutMillis = options.timeoutMillis;
		this.#exempt = options.exempt.map(range => new AgentRange(range));
	}

	/** Whether a client that says it is `flashVer` is let in without a proof. */
	isExempt(flashVer: string): boolean {
		return this.#exempt.some(range => range.has(flashVer));
	}

	/**
	 * Judges an answer.
	 *
	 * @param verificationKey the last 32 bytes of the connection's S1
	 */
	judge(payload: Uint8Array, verificationKey: Uint8Array, instance: string): SwfVerdict {
		const answer = decodeSwfAnswer(payload);
		if (answer === undefined) return "unknown";
		const files = this.#files.withSize(answer.size, instance);
		if (files.some(file => provesSwf(answer, file, verificationKey))) return "known";
		return answer.hashedBytes < answer.size ? "loading" : "unknown";
	}
}
