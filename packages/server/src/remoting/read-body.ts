import type { IncomingMessage } from "node:http";
import type { BudgetAccount } from "@millrace/core/rtmp";

/**
 * Reads the body of a request. `too-long`: it has more bytes than it may, `no-room`: more than the account can hold;
 * the rest is not read then. `broken-off`: the connection has ended. Never rejects.
 */
export function readBody(
	request: IncomingMessage,
	maxBytes: number,
	account: BudgetAccount,
): Promise<Uint8Array | "too-long" | "no-room" | "broken-off"> {
	if (Number(request.headers["content-length"] ?? 0) > maxBytes) return Promise.resolve("too-long");
	return new Promise(resolve => {
		const parts: Buffer[] = [];
		let bytes = 0;
		const giveUp = (why: "too-long" | "no-room") => {
			request.off("data", take);
			request.pause();
			parts.length = 0;
			resolve(why);
		};
		const take = (part: Buffer) => {
			bytes += part.length;
			if (bytes > maxBytes) giveUp("too-long");
			else if (account.add(part.length)) parts.push(part);
			else giveUp("no-room");
		};
		request.on("data", take);
		request.on("end", () => resolve(Buffer.concat(parts, bytes)));
		request.on("error", () => resolve("broken-off"));
		request.on("close", () => resolve("broken-off"));
	});
}
