import type { IncomingMessage } from "node:http";

/**
 * Reads the body of a request. `too-long`: it has more bytes, of which the rest is not read; `broken-off`: the
 * connection has ended. Never rejects.
 */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<Uint8Array | "too-long" | "broken-off"> {
	const announced = Number(request.headers["content-length"] ?? 0);
	if (announced > maxBytes) return Promise.resolve("too-long");
	return new Promise(resolve => {
		const parts: Buffer[] = [];
		let bytes = 0;
		request.on("data", (part: Buffer) => {
			bytes += part.length;
			if (bytes <= maxBytes) {
				parts.push(part);
				return;
			}
			request.pause();
			resolve("too-long");
		});
		request.on("end", () => resolve(Buffer.concat(parts, bytes)));
		request.on("error", () => resolve("broken-off"));
		request.on("close", () => resolve("broken-off"));
	});
}
