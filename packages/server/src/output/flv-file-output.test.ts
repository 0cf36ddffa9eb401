import { createServer, get, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { FileError } from "@millrace/core/fault";
import { FlvDemuxer, MEDIA_VIDEO, MediaMessage } from "@millrace/core/flv";
import { DEFAULT_INSTANCE } from "@millrace/core/rtmp";
import { afterEach, expect, it } from "vitest";
import { StreamName } from "../app/index.ts";
import type { MediaCursor, MediaSource } from "../library/index.ts";
import { type LogFields, silentLog } from "../log/index.ts";
import { FlvFileOutput } from "./flv-file-output.ts";

let output: FlvFileOutput;
let server: Server;
/** What the log says of each viewer. */
const viewers: LogFields[] = [];

afterEach(async () => {
	viewers.length = 0;
	output.stop();
	server.closeAllConnections();
	await new Promise(resolve => server.close(resolve));
});

/** A file of pictures of a certain size, which grows as it is told to. */
class FakeSource implements MediaSource {
	readonly path = "fake.flv";
	readonly bytes = 0;
	readonly durationMillis = 0;
	readonly hasVideo = true;
	readonly hasAudio = false;
	readonly metadata = {};
	isGrowing = false;
	pictures = 0;
	pictureBytes = 100;
	failsAt = Number.POSITIVE_INFINITY;
	bytesRead = 0;
	holds = 0;
	readonly listeners = new Set<() => void>();

	cursor(): MediaCursor {
		let next = 0;
		return {
			configurations: () => [],
			seek: async () => 0,
			read: async () => {
				if (next >= this.failsAt) throw new FileError("FILE_INVALID");
				if (next >= this.pictures) return [];
				this.bytesRead += this.pictureBytes;
				return [new MediaMessage(MEDIA_VIDEO, next++ * 40, new Uint8Array(this.pictureBytes).fill(0x17))];
			},
		};
	}

	onGrowth(listener: () => void): () => void {
		this.listeners.add(listener);
		return () => this.listeners.delete(listener);
	}

	release(): void {
		this.holds--;
	}

	grow(pictures: number): void {
		this.pictures += pictures;
		for (const listener of [...this.listeners]) listener();
	}
}

async function serve(source: FakeSource | undefined, hasRoom = true): Promise<void> {
	output = new FlvFileOutput({
		catalog: {
			open: async () => {
				if (source !== undefined) source.holds++;
				return source;
			},
			lengthMillis: async () => 0,
		},
		log: {
			...silentLog,
			child(fields) {
				viewers.push(fields);
				return silentLog;
			},
		},
		hasApplication: name => name === "vod",
		hasRoom: () => hasRoom,
		nextId: () => "c1",
		addressOf: () => "192.0.2.1",
	});
	const name = new StreamName("vod", DEFAULT_INSTANCE, "fake");
	server = createServer(async (request, response) => {
		const isThere = await output.handle({ name, start: undefined, headers: {} }, request, response);
		if (!isThere) response.writeHead(404).end();
	});
	await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
}

function open(): Promise<IncomingMessage> {
	const { port } = server.address() as AddressInfo;
	return new Promise((resolve, reject) => {
		get({ port, host: "127.0.0.1", agent: false }, resolve).on("error", reject);
	});
}

async function until(condition: () => boolean): Promise<void> {
	for (let i = 0; i < 300 && !condition(); i++) await new Promise(resolve => setTimeout(resolve, 5));
	expect(condition()).toBe(true);
}

it("follows a file that grows to its end", async () => {
	const source = new FakeSource();
	source.isGrowing = true;
	source.pictures = 2;
	await serve(source);
	const response = await open();
	const times: number[] = [];
	const demuxer = new FlvDemuxer({ onTag: tag => times.push(tag.type === MEDIA_VIDEO ? tag.timestamp : -1) });
	let hasEnded = false;
	response.on("data", bytes => demuxer.push(bytes));
	response.on("end", () => {
		hasEnded = true;
	});
	await until(() => times.length === 3 && source.listeners.size === 1);
	source.grow(1);
	await until(() => times.length === 4 && source.listeners.size === 1);
	expect([hasEnded, output.viewerCount]).toEqual([false, 1]);
	source.isGrowing = false;
	source.grow(1);
	await until(() => hasEnded);
	expect(times).toEqual([-1, 0, 40, 80, 120]);
	expect([source.holds, source.listeners.size, output.viewerCount]).toEqual([0, 0, 0]);
});

it("logs whom a request is from, which behind a proxy is another than the peer", async () => {
	const source = new FakeSource();
	await serve(source);
	(await open()).resume();
	expect(viewers).toMatchObject([{ from: "192.0.2.1", via: "http-flv-file" }]);
});

it("reads no more than the client takes, and lets the file go when the client leaves", async () => {
	const source = new FakeSource();
	source.pictures = 100_000;
	source.pictureBytes = 100_000;
	await serve(source);
	const response = await open();
	let before = -1;
	await until(() => {
		const hasSettled = source.bytesRead === before;
		before = source.bytesRead;
		return hasSettled;
	});
	// What the system's buffers of both ends hold, of ten gigabytes.
	expect(source.bytesRead).toBeLessThan(32_000_000);
	response.destroy();
	await until(() => source.holds === 0);
	expect(output.viewerCount).toBe(0);
});

it("lets a growing file go when the client leaves while nothing comes", async () => {
	const source = new FakeSource();
	source.isGrowing = true;
	await serve(source);
	const response = await open();
	await until(() => source.listeners.size === 1);
	response.destroy();
	await until(() => source.holds === 0 && source.listeners.size === 0);
});

it("breaks off where the file turns out to be broken, so that the client does not take it for whole", async () => {
	const source = new FakeSource();
	source.pictures = 10;
	source.pictureBytes = 100_000;
	source.failsAt = 5;
	await serve(source);
	const response = await open();
	const problem = new Promise<Error>(resolve => response.on("error", resolve));
	response.resume();
	expect((await problem).message).toBe("aborted");
	expect(source.holds).toBe(0);
});

it("answers 500 where the file is broken from the start, 503 without room, and leaves what is not there to others", async () => {
	const source = new FakeSource();
	source.failsAt = 0;
	await serve(source);
	expect((await open()).statusCode).toBe(500);
	output.stop();
	server.closeAllConnections();
	server.close();
	await serve(new FakeSource(), false);
	expect((await open()).statusCode).toBe(503);
	server.closeAllConnections();
	server.close();
	await serve(undefined);
	expect((await open()).statusCode).toBe(404);
});
