import { encodeSwfRequest, type RtmpLink, TYPE_USER_CONTROL } from "@millrace/core/rtmp";
import type { SwfPolicy } from "../access/index.ts";

/** The SWF verification of one connection: asked when it is made, and decided once. */
export class SwfCheck {
	/** When the client must have answered. */
	readonly deadline: number;
	readonly #policy: SwfPolicy;
	readonly #link: RtmpLink;
	readonly #instance: string;

	constructor(policy: SwfPolicy, link: RtmpLink, instance: string) {
		this.#policy = policy;
		this.#link = link;
		this.#instance = instance;
		this.deadline = link.now + policy.timeoutMillis;
		link.sendControl(TYPE_USER_CONTROL, encodeSwfRequest());
	}

	/** Whether the answer lets the client in; `undefined` where its file is still loading and another answer follows. */
	judge(payload: Uint8Array): boolean | undefined {
		const key = this.#link.verificationKey;
		const verdict = key === undefined ? "unknown" : this.#policy.judge(payload, key, this.#instance);
		return verdict === "loading" ? undefined : verdict === "known";
	}
}
