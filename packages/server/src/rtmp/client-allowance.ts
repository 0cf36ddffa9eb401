import { type NetStatus, netStatus } from "@millrace/core/rtmp";

/** Counts clients that share a limit, such as those of a virtual host. */
export class ClientAllowance {
	readonly #most: number;
	#count = 0;

	/** @param most how many there may be at once */
	constructor(most: number) {
		this.#most = most;
	}

	/** What one more client is told where there is no room for it; `undefined`: there is. */
	refusal(): NetStatus | undefined {
		if (this.#count < this.#most) return undefined;
		const text = `[ Resource.Limit.Exceeded ] : More than ${this.#most} clients of this virtual host.`;
		return netStatus("NetConnection.Connect.Rejected", text);
	}

	/** One more is there. */
	enter(): void {
		this.#count++;
	}

	/** One of those that entered has gone. */
	leave(): void {
		this.#count--;
	}
}
