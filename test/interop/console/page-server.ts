import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { WebSocketServer } from "ws";
import type { ServerFacts, ServerView, StreamFacts } from "../../../packages/server/src/admin/index.ts";
import { createHttpApplication } from "../../../packages/server/src/http/index.ts";
import { LoopingClip } from "./looping-clip.ts";

const root = join(import.meta.dirname, "..", "..", "..");

/** What a test turns on and off. */
export type PageServerState = {
	/** The names of published streams; all show the same clip. */
	readonly published: Set<string>;
	/** Further streams that the API lists, whatever they are called. */
	readonly listed: StreamFacts[];
	/** False: WebSocket upgrades are refused, as by a proxy. */
	webSocket: boolean;
	/** Whether a watcher of an unpublished stream is held (true) or gets 404 (false). */
	holdsWaiting: boolean;
	facts: ServerFacts;
};

export type PageServer = {
	readonly origin: string;
	readonly state: PageServerState;
	/** Transports of the watchers so far, in the order of their coming. */
	readonly seen: string[];
	/** Ends all streams that are being watched. */
	dropWatchers(): void;
	close(): Promise<void>;
};

/** The real pages and API over a made-up server that plays the demonstration clip. */
export async function startPageServer(port = 0): Promise<PageServer> {
	const clip = new LoopingClip(join(root, "packages", "server", "media", "demo.flv"), 8000);
	const startedAt = Date.now();
	const state: PageServerState = {
		published: new Set(["demo"]),
		listed: [],
		webSocket: true,
		holdsWaiting: false,
		facts: { version: "0.1.0", startedAt, rtmpPort: 1935, connections: 2, publishKeyNeeded: false },
	};
	const view: ServerView = {
		server: () => state.facts,
		streams: () => [...[...state.published].map(name => demoFacts(name, startedAt)), ...state.listed],
	};
	const pages = await createHttpApplication({ view, consoleDir: join(root, "packages", "console", "dist") });
	const seen: string[] = [];
	const drops = new Set<() => void>();

	const server: Server = createServer((request, response) => {
		const name = flvName(request);
		if (name === undefined) return pages.handle(request, response);
		seen.push("http");
		if (!state.published.has(name) && !state.holdsWaiting) {
			response.writeHead(404).end();
			return;
		}
		response.writeHead(200, { "content-type": "video/x-flv", "cache-control": "no-store" });
		response.flushHeaders();
		const leave = clipTo(bytes => response.write(bytes), name);
		drops.add(() => response.end());
		response.on("close", leave);
	});
	const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
	server.on("upgrade", (request, socket, head) => {
		const name = flvName(request);
		seen.push("ws");
		if (!state.webSocket || name === undefined || (!state.published.has(name) && !state.holdsWaiting)) {
			socket.end("HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n");
			return;
		}
		sockets.handleUpgrade(request, socket, head, ws => {
			const leave = clipTo(bytes => ws.send(bytes), name);
			drops.add(() => ws.close());
			ws.on("close", leave);
		});
	});

	/** Starts as soon as the stream is published. */
	function clipTo(send: (bytes: Buffer) => void, name: string): () => void {
		let leave = () => {};
		const begin = () => {
			if (!state.published.has(name)) return;
			clearInterval(waiting);
			leave = clip.listen(send);
		};
		const waiting = setInterval(begin, 50);
		begin();
		return () => {
			clearInterval(waiting);
			leave();
		};
	}

	await new Promise<void>(resolve => server.listen(port, "127.0.0.1", resolve));
	return {
		origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
		state,
		seen,
		dropWatchers() {
			for (const drop of drops) drop();
			drops.clear();
		},
		async close() {
			clip.stop();
			for (const socket of sockets.clients) socket.terminate();
			server.closeAllConnections();
			await new Promise(resolve => server.close(resolve));
			await pages.close();
		},
	};
}

/** What the API tells of a stream that shows the clip. */
export function demoFacts(name: string, since: number): StreamFacts {
	return {
		application: "live",
		instance: "_definst_",
		name,
		path: `/live/${name}`,
		publishing: true,
		since,
		viewers: 1,
		bitrate: 471_000,
		bytesIn: 0,
		bytesOut: 0,
		videoCodec: "avc1.64001e",
		audioCodec: "mp4a.40.2",
		width: 640,
		height: 360,
		framerate: 30,
	};
}

function flvName(request: IncomingMessage): string | undefined {
	const path = new URL(request.url ?? "/", "http://localhost").pathname;
	return path.startsWith("/live/") && path.endsWith(".flv") ? decodeURIComponent(path.slice(6, -4)) : undefined;
}
