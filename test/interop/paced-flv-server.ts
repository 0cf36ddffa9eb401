import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocketServer } from "ws";
import type { FlvServer } from "./player.ts";
import { sleep } from "./suite-server.ts";

/**
 * Serves one FLV file at `/live/file.flv`, tag by tag in real time, by HTTP and by WebSocket, and an empty page at `/`:
 * a known good sender for the players of this suite.
 */
export class PacedFlvServer implements FlvServer {
	readonly #http: Server;
	readonly #sockets: WebSocketServer;

	private constructor(http: Server, sockets: WebSocketServer) {
		this.#http = http;
		this.#sockets = sockets;
	}

	static async start(flv: Buffer): Promise<PacedFlvServer> {
		const http = createServer((request, response) => {
			if (request.url !== "/live/file.flv") {
				response.setHeader("content-type", "text/html").end("<!doctype html><title>empty</title>");
				return;
			}
			response.setHeader("content-type", "video/x-flv");
			void pace(flv, bytes => response.write(bytes)).then(() => response.end());
		});
		const sockets = new WebSocketServer({ server: http, path: "/live/file.flv" });
		sockets.on("connection", socket => {
			void pace(flv, bytes => socket.send(bytes)).then(() => socket.close());
		});
		await new Promise<void>(resolve => http.listen(0, "127.0.0.1", resolve));
		return new PacedFlvServer(http, sockets);
	}

	rtmpUrl(): string {
		throw new Error("this server has no RTMP");
	}

	httpUrl(path: string): string {
		return `http://${this.#authority}/${path}`;
	}

	wsUrl(path: string): string {
		return `ws://${this.#authority}/${path}`;
	}

	async stop(): Promise<void> {
		for (const socket of this.#sockets.clients) socket.terminate();
		this.#http.closeAllConnections();
		await new Promise<void>(resolve => this.#http.close(() => resolve()));
	}

	get #authority(): string {
		return `127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
	}
}

async function pace(flv: Buffer, send: (bytes: Buffer) => void): Promise<void> {
	send(flv.subarray(0, 13));
	const start = Date.now();
	for (let at = 13; at < flv.length; ) {
		const end = at + 11 + flv.readUIntBE(at + 1, 3) + 4;
		const early = flv.readUIntBE(at + 4, 3) - (Date.now() - start);
		if (early > 0) await sleep(early);
		send(flv.subarray(at, end));
		at = end;
	}
}
