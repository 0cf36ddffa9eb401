import { type Agent, request as httpRequest, type IncomingMessage } from "node:http";
import { connect } from "node:net";

/** What a server answered. */
export type HttpAnswer = {
	readonly status: number;
	readonly headers: IncomingMessage["headers"];
	readonly body: string;
	/** Bytes of the body. */
	readonly length: number;
};

/** Asks a port of this machine for a path. */
export function ask(
	port: number,
	path: string,
	options: { method?: string; body?: string; agent?: Agent; headers?: Record<string, string> } = {},
): Promise<HttpAnswer> {
	const { body, ...rest } = options;
	return new Promise((resolve, reject) => {
		const asked = httpRequest({ port, host: "127.0.0.1", path, ...rest }, answer => {
			const parts: Buffer[] = [];
			answer.on("data", part => parts.push(part));
			answer.on("end", () => {
				const bytes = Buffer.concat(parts);
				resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: String(bytes), length: bytes.length });
			});
		});
		asked.on("error", reject);
		asked.end(body);
	});
}

/** Writes to a port of this machine and gathers what comes until the end. `closers` gets what ends the connection. */
export function exchange(port: number, bytes: string | Uint8Array, closers: (() => unknown)[]): Promise<string> {
	const socket = connect(port, "127.0.0.1");
	closers.push(() => socket.destroy());
	socket.on("error", () => socket.destroy());
	socket.write(bytes);
	let text = "";
	socket.on("data", part => {
		text += part;
	});
	return new Promise(resolve => socket.once("close", () => resolve(text)));
}
