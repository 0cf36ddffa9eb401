import { decodeSwfAnswer, provesSwf } from "@millrace/core/rtmp";
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
	readonly #exempt: readonly { readonly from: UserAgent | undefined; readonly to: UserAgent | undefined }[];
	readonly #files: Pick<SwfFolder, "withSize">;

	constructor(files: Pick<SwfFolder, "withSize">, options: SwfPolicyOptions) {
		this.#files = files;
		this.timeoutMillis = options.timeoutMillis;
		this.#exempt = options.exempt.map(({ from, to }) => ({ from: readUserAgent(from), to: readUserAgent(to) }));
	}

	/** Whether a client that says it is `flashVer` is let in without a proof. */
	isExempt(flashVer: string): boolean {
		const agent = readUserAgent(flashVer);
		if (agent === undefined) return false;
		return this.#exempt.some(
			({ from, to }) =>
				from?.name === agent.name &&
				to?.name === agent.name &&
				compare(from.version, agent.version) <= 0 &&
				compare(agent.version, to.version) <= 0,
		);
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

type UserAgent = { readonly name: string; readonly version: readonly number[] };

/** `FMLE/3.0 (compatible; …)` and `WIN 9,0,28,0`: a name, then numbers. */
function readUserAgent(text: string): UserAgent | undefined {
	const parts = /^([a-z]+)[/ ](\d{1,5}(?:[.,]\d{1,5}){0,3})/i.exec(text.trim());
	if (parts === null) return undefined;
	return { name: parts[1]!.toUpperCase(), version: parts[2]!.split(/[.,]/).map(Number) };
}

/** Numbers that are missing count as 0. */
function compare(a: readonly number[], b: readonly number[]): number {
	for (let i = 0; i < Math.max(a.length, b.length); i++) {
		const difference = (a[i] ?? 0) - (b[i] ?? 0);
		if (difference !== 0) return difference;
	}
	return 0;
}
