import { existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { deflateSync } from "node:zlib";
import {
	closeAllPrograms,
	comparePackets,
	MediaLibrary,
	needEncoders,
	needPrograms,
	Program,
	probePackets,
	removeTempDirs,
	type ServerProcess,
	TempDir,
} from "@millrace/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runLiveSession } from "./live-session.ts";
import { type Player, programPlaying } from "./player.ts";
import { ffmpegPublisher } from "./publisher.ts";
import { needMillrace, programPath, startServer, waitUntilLive } from "./suite-server.ts";

const library = new MediaLibrary();
const dir = new TempDir("rtmpe");
let server: ServerProcess | undefined;
/** Lends the SWF files to rtmpdump, which hashes what it loads and keeps that under HOME. */
let web: Server;
let homes = 0;

beforeAll(async () => {
	const folder = dir.file("swf");
	mkdirSync(folder);
	writeFileSync(`${folder}/right.swf`, swf(1, true));
	writeFileSync(`${folder}/other.swf`, swf(2, false));
	web = createServer((request, response) => {
		const files: Record<string, Uint8Array> = {
			"/right.swf": swf(1, true),
			"/plain.swf": swf(2, false),
			"/wrong.swf": swf(3, true),
		};
		const body = files[request.url ?? ""];
		response.writeHead(body === undefined ? 404 : 200, {
			"content-type": "application/x-shockwave-flash",
			"last-modified": new Date(0).toUTCString(),
		});
		response.end(body);
	});
	await new Promise<void>(resolve => web.listen(0, "127.0.0.1", resolve));
	server = await startServer([
		`swfVerification.folder=${folder}`,
		"swfVerification.timeoutMillis=2s",
		"applications={ live: {}, checked: { swfVerification: { enabled: true, exempt: [{ from: FMLE/0.0, to: FMLE/3.5 }] } } }",
	]);
});

afterAll(async () => {
	await server?.stop();
	await closeAllPrograms();
	web?.close();
	dir.remove();
	removeTempDirs();
});

test("a live stream reaches rtmpdump over RTMPE packet for packet, and several at once", async context => {
	needMillrace(context, "RTMPE");
	await needEncoders(context, "libx264", "aac");
	await needPrograms(context, "ffmpeg", "rtmpdump");
	const media = await library.file("h264-bframes-aac");
	// Two of a kind: blocks are shared between them, and each has its own encryption.
	const players = [
		rtmpdump(["rtmpe", "rtmp"], "one"),
		rtmpdump(["rtmpe", "rtmp"], "other"),
		rtmpdump(["rtmp", "rtmp"], "a third without it"),
	];
	const path = "live/encrypted";
	const session = await runLiveSession({ server: server!, path, publisher: ffmpegPublisher, media, players });
	try {
		for (const player of players) {
			const compared = comparePackets(await probePackets(media), await probePackets(session.file(player)));
			expect(compared.map(stream => stream.kind)).toEqual(["video", "audio"]);
		}
	} finally {
		session.remove();
	}
});

test.for([
	["rtmp", "rtmp"],
	["rtmpe", "rtmp"],
	["rtmp", "http"],
	["rtmpe", "http"],
	["rtmpt", "http"],
	["rtmpte", "http"],
] as const)(
	"rtmpdump passes SWF verification over %s on the port of %s with the right file only",
	async ([scheme, port], context) => {
		needMillrace(context, "SWF verification");
		await needEncoders(context, "libx264", "aac");
		await needPrograms(context, "ffmpeg", "rtmpdump");
		const media = await library.file("h264-bframes-aac");
		const players = ["right.swf", "plain.swf"].map(name => rtmpdump([scheme, port], name, "--swfVfy", webUrl(name)));
		const path = `checked/${scheme}-${port}`;
		const publisher = ffmpegPublisher;
		const session = await runLiveSession({ server: server!, path, publisher, media, players });
		try {
			for (const player of players) {
				const compared = comparePackets(await probePackets(media), await probePackets(session.file(player)));
				expect(compared.map(stream => stream.kind)).toEqual(["video", "audio"]);
			}
		} finally {
			session.remove();
		}
		const publishing = publisher.start(media, server!.rtmpUrl(path));
		try {
			await waitUntilLive(server!, path);
			for (const [more, reason] of [
				[["--swfVfy", webUrl("wrong.swf")], "swf verification: the file is not known"],
				[[], "swf verification: no answer"],
			] as const) {
				const from = server!.log.length;
				const file = dir.file(`refused-${scheme}-${port}-${more.length}.flv`);
				const program = start([scheme, port], path, file, ...more);
				const exit = await program.waitForExit(10_000);
				expect(exit.code, program.describe("was let in")).not.toBe(0);
				expect(program.stderr).toContain("rtmp server sent error");
				expect(existsSync(file) && statSync(file).size > 0).toBe(false);
				const line = await server!.waitForLog(({ fields }) => fields["event"] === "reject", 2000, from);
				expect(line.fields["reason"]).toBe(reason);
			}
		} finally {
			await publishing.stop();
		}
	},
);

/** What is spoken, and on which of the server's ports: each takes everything. */
type Road = readonly [scheme: "rtmp" | "rtmpe" | "rtmpt" | "rtmpte", port: "rtmp" | "http"];

/** rtmpdump, which speaks type 6 and verifies the server's digest and signature. */
function rtmpdump(road: Road, name: string, ...more: readonly string[]): Player {
	return {
		name: `rtmpdump, ${name}`,
		protocol: "rtmp",
		need: test => needPrograms(test, "rtmpdump"),
		start: (_server, path, file) => programPlaying(start(road, path, file, ...more), file),
	};
}

function start([scheme, port]: Road, path: string, file: string, ...more: readonly string[]): Program {
	const home = dir.file(`home-${homes++}`);
	mkdirSync(home);
	const address = port === "rtmp" ? server!.rtmpUrl(path) : server!.httpUrl(path);
	const url = address.replace(/^\w+:/, `${scheme}:`);
	const args = ["--live", "-r", url, "-o", file, ...more];
	return new Program(programPath("rtmpdump"), args, { env: { HOME: home } });
}

function webUrl(name: string): string {
	return `http://127.0.0.1:${(web.address() as AddressInfo).port}/${name}`;
}

/** A SWF file that shows nothing, told from others by its last tag. */
function swf(mark: number, isCompressed: boolean): Uint8Array {
	// Stage, frame rate, frame count; background; so many bytes in a tag of its own; frame; end.
	const stage = [0x78, 0, 5, 0x5f, 0, 0, 0x0f, 0xa0, 0, 0, 0x0c, 1, 0];
	const own = [0xff, 0x0f, 200, 0, 0, 0, ...new Uint8Array(200).fill(mark)];
	const body = Uint8Array.from([...stage, ...own, 0x40, 0, 0, 0]);
	const header = [isCompressed ? 0x43 : 0x46, 0x57, 0x53, 10, 8 + body.length, 0, 0, 0];
	return Uint8Array.from([...header, ...(isCompressed ? deflateSync(body) : body)]);
}
