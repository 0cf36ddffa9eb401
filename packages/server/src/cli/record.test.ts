import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readFlvFile } from "@millrace/client";
import { FlvDemuxer, type MediaMessage } from "@millrace/core/flv";
import {
	DEFAULT_RTMP_LIMITS,
	EVENT_STREAM_IS_RECORDED,
	netStatus,
	ServerConnection,
	type ServerConnectionHandler,
	ServerHandshake,
	type ServerStream,
} from "@millrace/core/rtmp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runProgram } from "./program.ts";
import { createTestContext } from "./test-context.ts";

const DEMO = fileURLToPath(new URL("../../media/demo.flv", import.meta.url));
const asked: string[] = [];
let film: MediaMessage[];
let server: Server;
let url: string;
let folder: string;

beforeAll(async () => {
	film = [];
	const demuxer = new FlvDemuxer({ onTag: message => film.push(message) });
	demuxer.push(await readFile(DEMO));
	server = await serveFilm();
	const address = server.address();
	url = `rtmp://127.0.0.1:${typeof address === "object" ? address?.port : 0}/vod`;
	folder = await mkdtemp(join(tmpdir(), "millrace-record-"));
});

afterAll(async () => {
	server.close();
	await rm(folder, { recursive: true, force: true });
});

/** A server that has one recorded stream, `film`, and sends it as fast as it is taken. */
async function serveFilm(): Promise<Server> {
	const made = createServer(socket => {
		const ignore = (): void => undefined;
		const handler: ServerConnectionHandler = {
			onConnect: () => connection.acceptConnect(),
			onPlay(stream, { name, startMillis }) {
				asked.push(`${name} ${startMillis}`);
				if (name !== "film") stream.refuse(netStatus("NetStream.Play.StreamNotFound"));
				else play(stream, Math.max(0, startMillis));
			},
			onPublish: ignore,
			onUnpublish: ignore,
			onStop: ignore,
			onPause: ignore,
			onSeek: ignore,
			onReceiveChange: ignore,
			onMedia: ignore,
			onCall: ignore,
			onClosed: ignore,
		};
		const options = {
			handshakeTimeoutMillis: 10_000,
			handshakeDeadlineMillis: 15_000,
			pingIntervalMillis: 1e9,
			readTimeoutMillis: 1e9,
			limits: DEFAULT_RTMP_LIMITS,
			connectTimeoutMillis: 1e9,
			chunkSize: 4096,
			windowAckBytes: 2_500_000,
			fmsVersion: "5,0,15,5004",
			clientId: "c1",
		};
		const handshake = new ServerHandshake({ random: count => randomBytes(count) });
		const connection = new ServerConnection(handshake, handler, options, performance.now());
		socket.on("error", ignore);
		socket.on("data", bytes => {
			connection.receive(bytes as Uint8Array, performance.now());
			for (const slice of connection.link.takeOutput()) socket.write(slice);
			if (connection.link.closed) socket.end();
		});
	});
	await new Promise<void>(resolve => made.listen(0, "127.0.0.1", resolve));
	return made;
}

function play(stream: ServerStream, startMillis: number): void {
	stream.sendEvent(EVENT_STREAM_IS_RECORDED);
	stream.acceptPlay(true);
	const isKey = (message: MediaMessage): boolean => message.isKeyframe && message.timestamp <= startMillis;
	const from = film.findLastIndex(isKey);
	for (const [index, message] of film.entries()) {
		const isHead = message.isConfiguration || !(message.isAudio || message.isVideo);
		if (index < from && !isHead) continue;
		const { type, timestamp, payload } = message;
		stream.connection.link.send(message.isVideo ? 6 : 4, type, timestamp, stream.id, payload);
	}
	stream.sendData("onPlayStatus", { code: "NetStream.Play.Complete", level: "status" });
	stream.sendStatus(stream.status("NetStream.Play.Stop"));
}

async function record(name: string, file: string, ...flags: string[]): Promise<{ code: number; err: string }> {
	const context = createTestContext();
	const code = await runProgram(["record", `${url}/${name}`, join(folder, file), ...flags], context);
	return { code, err: context.written.err };
}

async function timesOf(file: string): Promise<number[]> {
	const times: number[] = [];
	for await (const message of readFlvFile(join(folder, file))) if (message.isVideo) times.push(message.timestamp);
	return times;
}

describe("record of a recorded stream", () => {
	test("takes all of it at full speed, and tells how far it is", async () => {
		const { code, err } = await record("film", "whole.flv");
		expect(code).toBe(0);
		expect((await timesOf("whole.flv")).length).toBe(film.filter(message => message.isVideo).length);
		expect(err).toMatch(/^00:00:\d\d of 00:00:\d\d {3}\d+ % {3}.*B$/m);
	});

	test("is gone on with after a break anywhere, to the same file", async () => {
		const whole = await readFile(join(folder, "whole.flv"));
		for (const part of [0.2, 0.5, 0.77, 0.999, 1]) {
			await writeFile(join(folder, "torn.flv"), whole.subarray(0, Math.floor(whole.length * part)));
			const { code, err } = await record("film", "torn.flv", "--resume");
			expect([code, err]).toEqual([0, expect.stringContaining("Going on with")]);
			expect((await readFile(join(folder, "torn.flv"))).equals(whole)).toBe(true);
		}
	});

	test("with --resume begins anew where there is no file or nothing in it", async () => {
		const whole = await readFile(join(folder, "whole.flv"));
		await writeFile(join(folder, "empty.flv"), "");
		for (const file of ["empty.flv", "none.flv"]) {
			expect((await record("film", file, "--resume")).code).toBe(0);
			expect((await readFile(join(folder, file))).equals(whole)).toBe(true);
		}
	});

	test("begins at --start and ends at --stop, and is gone on with there", async () => {
		const part = ["--start", "3.5", "--stop", "6"];
		expect((await record("film", "part.flv", ...part)).code).toBe(0);
		expect(asked.at(-1)).toBe("film 3500");
		const whole = await readFile(join(folder, "part.flv"));
		const times = await timesOf("part.flv");
		expect([times[0], times.at(-1)! > 2300, times.at(-1)! < 2700]).toEqual([0, true, true]);
		await truncate(join(folder, "part.flv"), Math.floor(whole.length * 0.8));
		expect((await record("film", "part.flv", "--resume", ...part)).code).toBe(0);
		expect((await readFile(join(folder, "part.flv"))).equals(whole)).toBe(true);
		expect((await record("film", "part.flv", "--resume", ...part)).err).toContain("is whole already");
	});

	test("that is not the file's leaves the file as it was", async () => {
		const other = Uint8Array.from(await readFile(join(folder, "whole.flv")));
		const last = film.findLast(message => message.isKeyframe)!;
		const at = Buffer.from(other).lastIndexOf(last.payload);
		other[at + last.payload.length - 1]! ^= 1;
		await writeFile(join(folder, "other.flv"), other);
		const { code, err } = await record("film", "other.flv", "--resume");
		expect([code, err]).toEqual([2, expect.stringContaining("it is another one")]);
		expect((await readFile(join(folder, "other.flv"))).equals(other)).toBe(true);
	});

	test.each([
		[["-", "--resume"], /Standard output cannot be gone on with/],
		[["x.flv", "--live", "--start", "3"], /A live stream has no --start/],
		[["x.flv", "--start", "3", "--stop", "2"], /--stop is to be behind --start/],
	])("refuses %j", async ([file, ...flags], line) => {
		const context = createTestContext();
		expect(await runProgram(["record", `${url}/film`, file!, ...flags], context)).toBe(2);
		expect(context.written.err).toMatch(line);
	});

	test("--resume refuses a file that is no FLV", async () => {
		await writeFile(join(folder, "text.flv"), "this is no FLV file, whatever its name says");
		const { code, err } = await record("film", "text.flv", "--resume");
		expect([code, err]).toEqual([2, expect.stringMatching(/cannot be gone on with: .*FLV header/)]);
	});
});
