import {
	closeAllPrograms,
	comparePackets,
	isMet,
	MediaLibrary,
	needEncoders,
	probePackets,
	removeTempDirs,
	type ServerProcess,
} from "@millrace/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type LiveSessionResult, runLiveSession } from "./live-session.ts";
import {
	ffmpegPlayer,
	httpFlvPlayer,
	millracePlayer,
	mpvPlayer,
	type Player,
	rtmp2srcPlayer,
	rtmpdumpPlayer,
	rtmpsrcPlayer,
	webSocketFlvPlayer,
} from "./player.ts";
import { ffmpegPublisher, gstPublisher, millracePublisher, type Publisher } from "./publisher.ts";
import { startServer } from "./suite-server.ts";

const publishers: readonly Publisher[] = [
	ffmpegPublisher,
	gstPublisher("rtmp2sink"),
	gstPublisher("rtmpsink"),
	millracePublisher,
];
const players: readonly Player[] = [
	...[ffmpegPlayer, rtmpdumpPlayer, rtmp2srcPlayer, rtmpsrcPlayer, mpvPlayer, millracePlayer],
	...[httpFlvPlayer, webSocketFlvPlayer],
];

const library = new MediaLibrary();
let server: ServerProcess;

beforeAll(async () => {
	server = await startServer();
});

afterAll(async () => {
	await server?.stop();
	await closeAllPrograms();
	removeTempDirs();
});

describe.each(publishers.map(publisher => [publisher.name, publisher] as const))(
	"what %s publishes",
	(name, publisher) => {
		// GStreamer's FLV muxer writes no composition times, so it is given a stream that needs none.
		const medium = name.startsWith("GStreamer") ? "h264-aac" : "h264-bframes-aac";
		let media = "";
		let session: LiveSessionResult | undefined;

		beforeAll(async () => {
			if (!(await isMet(publisher.need))) return;
			media = await library.file(medium);
			const present: Player[] = [];
			for (const player of players) if (await isMet(player.need)) present.push(player);
			const path = `live/${name.replaceAll(" ", "-")}`;
			session = await runLiveSession({ server, path, publisher, media, players: present });
		});

		afterAll(() => session?.remove());

		test.for(players.map(player => [player.name, player] as const))(
			"reaches %s packet for packet",
			async ([, player], context) => {
				await needEncoders(context, "libx264", "aac");
				await publisher.need(context);
				await player.need(context);
				const file = session!.file(player);
				const compared = comparePackets(await probePackets(media), await probePackets(file), {
					missingAtEnd: player.losesAtEnd ?? 0,
				});
				expect(compared.map(stream => stream.kind)).toEqual(["video", "audio"]);
			},
		);
	},
);
