import { type NetStatus, netStatus } from "@millrace/core/rtmp";
import { NetStatusError } from "./errors.ts";

type Waiter = { readonly codes: readonly string[]; resolve(info: NetStatus): void; reject(error: unknown): void };

/** Errors of these kinds answer what asked for them, and nothing else. */
const ANSWERS: Readonly<Record<string, readonly string[]>> = {
	Play: ["Play"],
	Seek: ["Seek"],
	Publish: ["Publish"],
	Record: ["Publish"],
};

/** The promises that statuses of a stream resolve or reject. A status answers all that wait for it. */
export class StatusWaiters {
	#waiters: Waiter[] = [];

	/** Does something and waits for one of the codes, or an error that concerns it. What `start` throws rejects. */
	wait(codes: readonly string[], start: () => void): Promise<NetStatus> {
		return new Promise((resolve, reject) => {
			start();
			this.#waiters.push({ codes, resolve, reject });
		});
	}

	/** A status has come. */
	settle(info: NetStatus): void {
		const waiters = this.#waiters;
		this.#waiters = [];
		for (const waiter of waiters) {
			if (waiter.codes.includes(info.code)) waiter.resolve(info);
			else if (info.level === "error" && concerns(info.code, waiter)) waiter.reject(new NetStatusError(info));
			else this.#waiters.push(waiter);
		}
	}

	/** None will come any more. */
	rejectAll(info: NetStatus = netStatus("NetStream.Failed", "The stream was closed here.")): void {
		const waiters = this.#waiters;
		this.#waiters = [];
		for (const waiter of waiters) waiter.reject(new NetStatusError(info));
	}
}

/** By the second word of the codes; an error of an unknown kind concerns everyone. */
function concerns(code: string, waiter: Waiter): boolean {
	const kinds = ANSWERS[kindOf(code)];
	return kinds === undefined || kinds.includes(kindOf(waiter.codes[0]!));
}

function kindOf(code: string): string {
	return code.split(".")[1] ?? "";
}
