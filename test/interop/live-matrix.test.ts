import { closeAllPrograms, MediaLibrary, removeTempDirs, type ServerProcess } from "@millrace/testkit";
import { afterAll, beforeAll } from "vitest";
import { proveLive } from "./live-proof.ts";
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

proveLive({ title: "what %s publishes", server: () => server, library, publishers, players });
