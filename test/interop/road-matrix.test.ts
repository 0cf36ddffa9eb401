import {
	closeAllPrograms,
	comparePackets,
	freePort,
	isMet,
	MediaLibrary,
	type MediaName,
	needEncoders,
	needPrograms,
	Program,
	probePackets,
	removeTempDirs,
	TempDir,
} from "@millrace/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FileServer } from "./file-server.ts";
import { type LiveSessionResult, runLiveSession } from "./live-session.ts";
import { ffmpegPlayer, type Player, rtmp2srcPlayer, rtmpdumpPlayer } from "./player.ts";
import { ffmpegPublisher, gstPublisher, type Publisher } from "./publisher.ts";
import { isStandIn, needMillrace, programPath } from "./suite-server.ts";

/** Each program with the roads that it knows. Debian's ffmpeg is built without RTMPE. */
const RTMPDUMP = ["rtmp", "rtmpe", "rtmpt", "rtmpte", "rtmps"] as const;
const FFMPEG = ["rtmp", "rtmps", "rtmpt", "rtmpts"] as const;
type ProgramRoad = (typeof RTMPDUMP)[number] | (typeof FFMPEG)[number];

const WHERE = ["each on a port of its own", "all on one port"] as const;
type Where = (typeof WHERE)[number];
/** How many packets ffmpeg gathers for a request. */
const FLUSH_INTERVALS = [1, 10, 100];

const library = new MediaLibrary();
const dir = new TempDir("road-matrix");
let server: FileServer;
let ports: Record<"rtmp" | "rtmps" | "http" | "https" | "all", number>;

beforeAll(async () => {
	if (isStandIn) return;
	const [rtmp, rtmps, http] = [await freePort(), await freePort(), await freePort()];
	ports = { rtmp, rtmps, http, https: await freePort(), all: await freePort() };
	const listeners = [
		...[{ protocol: "rtmp" }, { protocol: "http" }],
		...Object.entries(ports).map(([protocol, port]) => ({ port, protocols: [protocol] })),
	];
	server = await FileServer.start(dir.path, [
		`listeners=${JSON.stringify(listeners)}`,
		"tls.selfSigned=true",
		// rtmpdump ends with "the server closed the connection" at TLS 1.3, at every server: librtmp takes the session
		// tickets behind the handshake, for which GnuTLS asks it to try again, for an error.
		"tls.maxVersion=TLSv1.2",
		// ffmpeg does not say by a tunnel that it stops.
		"publish.graceMillis=100ms",
	]);
});

afterAll(async () => {
	await closeAllPrograms();
	await server?.stop();
	dir.remove();
	removeTempDirs();
});

function roadUrl(road: ProgramRoad, where: Where, path: string): string {
	const { rtmp, rtmps, http, https, all } = ports;
	const own = { rtmp, rtmpe: rtmp, rtmps, rtmpt: http, rtmpte: http, rtmpts: https }[road];
	return `${road}://127.0.0.1:${where === "all on one port" ? all : own}/${path}`;
}

function playerBy(player: Player, road: ProgramRoad, where: Where): Player {
	const start: Player["start"] = ({ httpUrl, wsUrl }, path, file) =>
		player.start({ rtmpUrl: name => roadUrl(road, where, name), httpUrl, wsUrl }, path, file);
	return { ...player, name: `${player.name} by ${road}`, start };
}

function publisherBy(publisher: Publisher, road: ProgramRoad, where: Where): Publisher {
	return {
		...publisher,
		name: `${publisher.name} by ${road}`,
		start: (file, url) => publisher.start(file, roadUrl(road, where, new URL(url).pathname.slice(1))),
	};
}

/** ffmpeg, which gathers so many packets for a request. */
function gatheringPublisher(flushInterval: number): Publisher {
	return {
		...ffmpegPublisher,
		name: `ffmpeg, posting each ${flushInterval} packets`,
		start: (file, url) =>
			new Program(programPath("ffmpeg"), [
				...["-hide_banner", "-nostdin", "-nostats", "-v", "warning", "-re", "-i", file, "-c", "copy", "-f", "flv"],
				...["-rtmp_flush_interval", String(flushInterval), url],
			]),
	};
}

type Published = { readonly publisher: Publisher; readonly medium: MediaName; readonly missingAtEnd: number };

/** What is published at the same time; each has a player by a road that is not its own. */
function publications(where: Where): (Published & { readonly player: Player })[] {
	const byFfmpeg = FFMPEG.flatMap(road =>
		(road.startsWith("rtmpt") ? FLUSH_INTERVALS : [10]).map((flushInterval): Published => {
			const isTunnel = road.startsWith("rtmpt");
			return {
				publisher: publisherBy(isTunnel ? gatheringPublisher(flushInterval) : ffmpegPublisher, road, where),
				// With a post for each packet it does not keep up with more: Nagle's algorithm holds each for 40 ms.
				medium: isTunnel && flushInterval === 1 ? "video-only" : "h264-bframes-aac",
				// It throws away what it gathered since its last post, and what its multiplexer held.
				missingAtEnd: isTunnel ? flushInterval + 10 : 0,
			};
		}),
	);
	const byGst = (["rtmp", "rtmps"] as const).map((road): Published => {
		// GStreamer's FLV muxer writes no composition times, so it is given a stream that needs none.
		return { publisher: publisherBy(gstPublisher("rtmp2sink"), road, where), medium: "h264-aac", missingAtEnd: 0 };
	});
	return [...byFfmpeg, ...byGst].map((one, at) => ({
		...one,
		player: playerBy(rtmpdumpPlayer, RTMPDUMP[at % RTMPDUMP.length]!, where),
	}));
}

const needed = async (test: Parameters<Player["need"]>[0]): Promise<void> => {
	needMillrace(test, "ports for RTMPS and RTMPT");
	needPrograms(test, "ffmpeg", "rtmpdump");
	await needEncoders(test, "libx264", "aac");
};

describe.each(WHERE)("%s", where => {
	const players = [
		...RTMPDUMP.map(road => playerBy(rtmpdumpPlayer, road, where)),
		...FFMPEG.map(road => playerBy(ffmpegPlayer, road, where)),
		...(["rtmp", "rtmps"] as const).map(road => playerBy(rtmp2srcPlayer, road, where)),
	];
	const published = publications(where);
	const tag = where === WHERE[0] ? "own" : "one";
	let live: LiveSessionResult | undefined;
	const sessions: LiveSessionResult[] = [];

	beforeAll(async () => {
		if (!(await isMet(needed))) return;
		const media = await library.file("h264-bframes-aac");
		const present: Player[] = [];
		for (const player of players) if (await isMet(player.need)) present.push(player);
		live = await runLiveSession({
			server: server.process,
			path: `live/${tag}`,
			publisher: ffmpegPublisher,
			media,
			players: present,
		});
		const running = published.map(async ({ publisher, medium, player }, at) => {
			const path = `live/${tag}-${at}`;
			const [file, needsGst] = [await library.file(medium), publisher.name.startsWith("GStreamer")];
			if (needsGst && !(await isMet(publisher.need))) return;
			sessions[at] = await runLiveSession({ server: server.process, path, publisher, media: file, players: [player] });
		});
		await Promise.all(running);
	});

	afterAll(() => {
		live?.remove();
		for (const session of sessions) session?.remove();
	});

	test.for(players.map(player => [player.name, player] as const))(
		"%s plays a live stream, packet for packet",
		async ([, player], context) => {
			await needed(context);
			await player.need(context);
			const sent = await probePackets(await library.file("h264-bframes-aac"));
			const compared = comparePackets(sent, await probePackets(live!.file(player)), {
				missingAtEnd: player.losesAtEnd ?? 0,
			});
			expect(compared.map(stream => stream.kind)).toEqual(["video", "audio"]);
		},
	);

	test.for(published.map((one, at) => ({ ...one, at, name: one.publisher.name })))(
		"what $name publishes arrives, packet for packet",
		async ({ publisher, medium, missingAtEnd, player, at }, context) => {
			await needed(context);
			await publisher.need(context);
			const sent = await probePackets(await library.file(medium));
			const received = await probePackets(sessions[at]!.file(player));
			expect(comparePackets(sent, received, { missingAtEnd })[0]!.kind).toBe("video");
		},
	);

	test.for(RTMPDUMP.map(road => [road] as const))(
		"rtmpdump plays a file by %s, packet for packet",
		async ([road], context) => {
			await needed(context);
			const file = await library.file("h264-bframes-aac");
			server.offer(file, "film.flv");
			const to = dir.file(`${tag}-${road}.flv`);
			const program = new Program(programPath("rtmpdump"), ["-q", "-r", roadUrl(road, where, "vod/film"), "-o", to]);
			const { code } = await program.waitForExit(60_000);
			// It calls a download incomplete whose last message is a thousandth or more before the end.
			expect([0, 2], program.describe("failed")).toContain(code);
			const compared = comparePackets(await probePackets(file), await probePackets(to));
			expect(compared.map(({ kind, offsetMillis }) => [kind, offsetMillis])).toEqual([
				["video", 0],
				["audio", 0],
			]);
		},
	);
});
