import { readFileSync } from "node:fs";
import {
	closeAllPrograms,
	comparePackets,
	MediaLibrary,
	type MediaPacket,
	needEncoders,
	Program,
	probePackets,
	removeTempDirs,
	type ServerProcess,
	TempDir,
} from "@millrace/testkit";
import { afterEach, beforeEach, expect, test } from "vitest";
import { NamespacePair } from "./network-namespace.ts";
import { ffmpegPlayer, httpFlvPlayer, millracePlayer, rtmpdumpPlayer } from "./player.ts";
import { ffmpegPublisher } from "./publisher.ts";
import { SilentProxy } from "./silent-proxy.ts";
import { isStandIn, needMillrace, programPath, sleep, startServer, waitUntilLive } from "./suite-server.ts";

const library = new MediaLibrary();
let server: ServerProcess | undefined;
let dir: TempDir;

beforeEach(() => {
	dir = new TempDir("restart");
});

afterEach(async () => {
	await closeAllPrograms();
	await server?.stop();
	server = undefined;
	removeTempDirs();
});

/** Waits until a publisher's stream can be played; the stand-in cannot tell. */
async function live(at: ServerProcess, path: string): Promise<void> {
	await (isStandIn ? sleep(1500) : waitUntilLive(at, path));
}

test("viewers stay when a publisher is killed and comes back within the grace time", async context => {
	needMillrace(context, "grace time");
	const players = [ffmpegPlayer, rtmpdumpPlayer, millracePlayer, httpFlvPlayer];
	await needEncoders(context, "libx264", "aac");
	for (const player of players) await player.need(context);
	server = await startServer(["publish.graceMillis=5s"]);
	const media = await library.file("h264-aac");
	const sent = await probePackets(media);

	const first = ffmpegPublisher.start(media, server.rtmpUrl("live/again"));
	await live(server, "live/again");
	const files = players.map((_, i) => dir.file(`${i}.flv`));
	const playing = [];
	for (const [i, player] of players.entries()) playing.push(await player.start(server, "live/again", files[i]!));
	await sleep(3000);
	await first.stop("SIGKILL");
	await sleep(1000);
	const second = ffmpegPublisher.start(media, server.rtmpUrl("live/again"));
	expect((await second.waitForExit(30_000)).code, second.stderr).toBe(0);
	await Promise.all(playing.map(one => one.finish()));

	for (const [i, file] of files.entries()) {
		const [before, after] = splitAtRestart(sent, await probePackets(file), players[i]!.name);
		comparePackets(sent, before, { missingAtEnd: Number.POSITIVE_INFINITY });
		// The second start joins nobody anew: its very first frame arrives.
		expect(comparePackets(sent, after)[0]!.skippedAtStart, players[i]!.name).toBe(0);
		const last = before.findLast(packet => packet.kind === "video")!;
		const next = after.find(packet => packet.kind === "video")!;
		expect(next.dts, `${players[i]!.name}: the clock went back`).toBeGreaterThan(last.dts);
	}
});

test("a second publisher of a name is refused under the policy refuse, and the first goes on", async context => {
	await needEncoders(context, "libx264", "aac");
	await rtmpdumpPlayer.need(context);
	server = await startServer(["publish.duplicate=refuse"]);
	const [media, other] = [await library.file("h264-aac"), await library.file("h264-aac-2")];
	const file = dir.file("refuse.flv");
	const waiting = isStandIn ? await rtmpdumpPlayer.start(server, "live/twice", file) : undefined;
	const first = ffmpegPublisher.start(media, server.rtmpUrl("live/twice"));
	await live(server, "live/twice");
	const playing = waiting ?? (await rtmpdumpPlayer.start(server, "live/twice", file));
	const second = ffmpegPublisher.start(other, server.rtmpUrl("live/twice"));
	// The stand-in closes the second without a word; Millrace says why.
	expect((await second.waitForExit(5000)).code).not.toBe(0);
	if (!isStandIn) expect(second.stderr).toMatch(/BadName|already|in use/i);
	expect((await first.waitForExit(20_000)).code, first.stderr).toBe(0);
	await playing.finish();
	comparePackets(await probePackets(media), await probePackets(file));
});

test("a second publisher of a name takes it over under the policy takeover, and the viewers stay", async context => {
	needMillrace(context, "takeover");
	await needEncoders(context, "libx264", "aac");
	await rtmpdumpPlayer.need(context);
	server = await startServer(["publish.duplicate=takeover"]);
	const [media, other] = [await library.file("h264-aac"), await library.file("h264-aac-2")];
	const first = ffmpegPublisher.start(media, server.rtmpUrl("live/twice"));
	await live(server, "live/twice");
	const file = dir.file("takeover.flv");
	const playing = await rtmpdumpPlayer.start(server, "live/twice", file);
	await sleep(2000);
	const second = ffmpegPublisher.start(other, server.rtmpUrl("live/twice"));
	expect((await first.waitForExit(5000)).code, "the first publisher was not closed").not.toBe(0);
	expect((await second.waitForExit(20_000)).code, second.stderr).toBe(0);
	await playing.finish();

	// A frame of silence may be in both: it tells nothing about whose it is.
	const sources = [await probePackets(media), await probePackets(other)] as const;
	const [firstHashes, secondHashes] = sources.map(packets => new Set(packets.map(packet => packet.hash)));
	const isShared = (hash: string) => firstHashes!.has(hash) && secondHashes!.has(hash);
	const received = (await probePackets(file)).filter(packet => !isShared(packet.hash));
	const parts = [firstHashes!, secondHashes!].map(hashes => received.filter(packet => hashes.has(packet.hash)));
	expect(parts[0]!.length + parts[1]!.length, "packets of neither publisher").toBe(received.length);
	const [reference, otherReference] = sources.map(packets => packets.filter(packet => !isShared(packet.hash)));
	comparePackets(reference!, parts[0]!, { missingAtEnd: Number.POSITIVE_INFINITY });
	comparePackets(otherReference!, parts[1]!);
});

test("a viewer that stops reading neither disturbs another one nor fills the server's memory", async context => {
	await needEncoders(context, "libx264", "aac");
	await rtmpdumpPlayer.need(context);
	server = await startServer(["live.viewerQueue.maxBytes=2MiB", "live.viewerQueue.closeAfterMillis=5s"]);
	const media = await library.file("h264-heavy");
	const file = dir.file("reader.flv");
	const waiting = isStandIn ? await rtmpdumpPlayer.start(server, "live/heavy", file) : undefined;
	const publisher = ffmpegPublisher.start(media, server.rtmpUrl("live/heavy"));
	await live(server, "live/heavy");
	const playing = waiting ?? (await rtmpdumpPlayer.start(server, "live/heavy", file));
	const frozen = new Program(programPath("rtmpdump"), [
		...["--live", "-q", "-r", server.rtmpUrl("live/heavy"), "-o", dir.file("frozen.flv")],
	]);
	await sleep(1000);
	const before = residentBytes(server.pid);
	frozen.kill("SIGSTOP");
	expect((await publisher.waitForExit(30_000)).code, publisher.stderr).toBe(0);
	const growth = residentBytes(server.pid) - before;
	frozen.kill("SIGCONT");
	await frozen.stop("SIGKILL");
	await playing.finish();
	comparePackets(await probePackets(media), await probePackets(file));
	expect(growth, "growth of the server's resident memory, in bytes").toBeLessThan(96 * 1024 * 1024);
	expect(server.isRunning).toBe(true);
});

/** What the server must find within the read timeout, and a moment for the machine. */
const SILENCE_SETTINGS = ["rtmp.pingIntervalMillis=1s", "rtmp.readTimeoutMillis=3s", "publish.graceMillis=1s"];
const SILENCE_FOUND_MILLIS = 5000;

test.for(["publisher", "viewer"] as const)("a %s whose network falls silent is found in time", async (who, context) => {
	await needEncoders(context, "libx264", "aac");
	await rtmpdumpPlayer.need(context);
	server = await startServer(SILENCE_SETTINGS);
	const proxy = await SilentProxy.start(server.place.rtmpPort);
	try {
		const media = await library.file("h264-aac");
		const through = `rtmp://127.0.0.1:${proxy.port}/live/silent`;
		const publisher = ffmpegPublisher.start(media, who === "publisher" ? through : server.rtmpUrl("live/silent"));
		await live(server, "live/silent");
		if (who === "viewer") {
			// Reads on, so that only the silence of the line can be what is found.
			new Program(programPath("rtmpdump"), ["--live", "-q", "-r", through, "-o", dir.file("viewer.flv")]);
			await sleep(1500);
		}
		expect(publisher.exit).toBeUndefined();
		await findsSilence(server, () => proxy.fallSilent());
	} finally {
		await proxy.stop();
	}
});

test("a publisher whose cable is pulled is found in time", async context => {
	await needEncoders(context, "libx264", "aac");
	const pair = await NamespacePair.create(context);
	try {
		const where = isStandIn ? { host: pair.serverAddress } : { host: "0.0.0.0" };
		const settings = [...SILENCE_SETTINGS, "publish.from=anywhere"];
		server = await startServer(settings, { ...where, prefix: pair.serverPrefix });
		const [program, ...prefix] = pair.peerPrefix;
		const url = `rtmp://${pair.serverAddress}:${server.place.rtmpPort}/live/cable`;
		const media = await library.file("h264-aac");
		const ffmpeg = [programPath("ffmpeg"), "-nostdin", "-v", "warning", "-re", "-i", media, "-c", "copy", "-f", "flv"];
		const publisher = new Program(program!, [...prefix, ...ffmpeg, url]);
		await sleep(2500);
		expect(publisher.exit, publisher.stderr).toBeUndefined();
		await findsSilence(server, () => pair.pullCable());
	} finally {
		await closeAllPrograms();
		await server?.stop();
		await pair.remove();
	}
});

/** Asserts that the server logs a disconnection for silence in time after `cut`. */
async function findsSilence(at: ServerProcess, cut: () => void | Promise<void>): Promise<void> {
	const from = at.log.length;
	await cut();
	const start = Date.now();
	if (isStandIn) {
		await at.waitForLog(record => /disconnect|idle|timeout/i.test(record.text), SILENCE_FOUND_MILLIS, from);
	} else {
		const record = await at.waitForEvent(
			"disconnect",
			SILENCE_FOUND_MILLIS,
			fields => fields["reason"] === "PEER_SILENT",
			from,
		);
		expect(record.fields["connection"]).toBeDefined();
	}
	expect(Date.now() - start, "found too early for a timeout").toBeGreaterThan(1500);
}

/** Parts what was received where the reference begins again, for sound and picture each at its own packet. */
function splitAtRestart(
	reference: readonly MediaPacket[],
	received: readonly MediaPacket[],
	name: string,
): [MediaPacket[], MediaPacket[]] {
	const place = new Map(reference.map((packet, i) => [packet.hash, i]));
	const before: MediaPacket[] = [];
	const after: MediaPacket[] = [];
	for (const kind of ["video", "audio"] as const) {
		let last = -1;
		let isAfter = false;
		for (const packet of received.filter(one => one.kind === kind)) {
			const at = place.get(packet.hash);
			if (at === undefined) throw new Error(`${name}: a ${kind} packet at ${packet.dts} ms is not in the reference`);
			if (at < last) isAfter = true;
			(isAfter ? after : before).push(packet);
			last = at;
		}
	}
	if (after.length === 0) throw new Error(`${name}: nothing arrived from the second start`);
	return [before, after];
}

function residentBytes(pid: number): number {
	const kilobytes = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
	return Number(kilobytes) * 1024;
}
