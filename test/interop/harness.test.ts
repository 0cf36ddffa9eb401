import { readFileSync, writeFileSync } from "node:fs";
import {
	closeAllPrograms,
	comparePackets,
	MediaLibrary,
	needEncoders,
	needNginx,
	nginxCommand,
	probePackets,
	readMedia,
	ServerProcess,
	TempDir,
} from "@millrace/testkit";
import { afterAll, expect, test } from "vitest";
import { chromiumCapture, launchChromium, needChromium } from "./browser.ts";
import { readFlvTags } from "./flv-tag-reader.ts";
import { PacedFlvServer } from "./paced-flv-server.ts";
import { httpFlvPlayer, type Player, rtmpdumpPlayer, webSocketFlvPlayer } from "./player.ts";
import { ffmpegPublisher } from "./publisher.ts";
import { sleep } from "./suite-server.ts";

// The suite must be able to say yes to a server that is not ours, and no to a damaged stream.

const library = new MediaLibrary();
const dir = new TempDir("harness");

afterAll(async () => {
	await closeAllPrograms();
	dir.remove();
});

test("a stream through nginx's RTMP module is found equal, and each kind of damage to it is found", async context => {
	await needEncoders(context, "libx264", "aac");
	await rtmpdumpPlayer.need(context);
	needNginx(context);
	const server = await ServerProcess.start({ command: nginxCommand });
	const media = await library.file("h264-bframes-aac");
	const file = dir.file("nginx.flv");
	const playing = await rtmpdumpPlayer.start(server, "live/harness", file);
	await sleep(1000);
	const publisher = ffmpegPublisher.start(media, server.rtmpUrl("live/harness"));
	expect((await publisher.waitForExit(20_000)).code, publisher.stderr).toBe(0);
	await playing.finish();
	await server.stop();
	expect(server.isRunning).toBe(false);

	const sent = await probePackets(media);
	const streams = comparePackets(sent, await probePackets(file));
	expect(streams.map(stream => [stream.kind, stream.packets > 100])).toEqual([
		["video", true],
		["audio", true],
	]);
	comparePackets(readFlvTags(media).frames, readFlvTags(file).frames);

	const good = readFileSync(file);
	const damaged = dir.file("damaged.flv");
	const damages: readonly (readonly [(flv: Buffer, tag: number) => Buffer, RegExp])[] = [
		[flipByte, /has other content/],
		[dropTag, /1 packets before it are missing/],
		[delayTag, /has decode time/],
	];
	for (const [damage, message] of damages) {
		writeFileSync(damaged, damage(Buffer.from(good), findVideoTag(good, 40)));
		const received = await probePackets(damaged);
		expect(() => comparePackets(sent, received)).toThrow(message);
		expect(() => comparePackets(readFlvTags(media).frames, readFlvTags(damaged).frames)).toThrow(message);
	}
});

test("the players of HTTP-FLV and WebSocket-FLV write what a known good sender sends", async context => {
	await needEncoders(context, "libx264", "aac");
	await playPaced([
		{ ...httpFlvPlayer, need: () => {} },
		{ ...webSocketFlvPlayer, need: () => {} },
	]);
});

test("Chromium hands over what a known good sender sends", async context => {
	await needEncoders(context, "libx264", "aac");
	needChromium(context);
	const browser = await launchChromium();
	try {
		const launched = async () => browser;
		await playPaced([chromiumCapture(launched, "fetch"), chromiumCapture(launched, "websocket")]);
	} finally {
		await browser.close();
	}
});

async function playPaced(players: readonly Player[]): Promise<void> {
	const server = await PacedFlvServer.start(await readMedia(library, "h264-aac"));
	try {
		const sent = await probePackets(await library.file("h264-aac"));
		await Promise.all(
			players.map(async player => {
				const file = dir.file(`${player.name}.flv`);
				const playing = await player.start(server, "live/file", file);
				await sleep(6500);
				await playing.finish();
				comparePackets(sent, await probePackets(file));
			}),
		);
	} finally {
		await server.stop();
	}
}

/** Where the n-th video tag begins. */
function findVideoTag(flv: Buffer, n: number): number {
	let count = 0;
	for (let at = 13; at < flv.length; at = tagEnd(flv, at)) {
		if (flv[at] === 9 && ++count === n) return at;
	}
	throw new Error(`the file has no ${n} video tags`);
}

function tagEnd(flv: Buffer, at: number): number {
	return at + 11 + flv.readUIntBE(at + 1, 3) + 4;
}

function flipByte(flv: Buffer, tag: number): Buffer {
	flv[tagEnd(flv, tag) - 5]! ^= 1;
	return flv;
}

function dropTag(flv: Buffer, tag: number): Buffer {
	return Buffer.concat([flv.subarray(0, tag), flv.subarray(tagEnd(flv, tag))]);
}

function delayTag(flv: Buffer, tag: number): Buffer {
	flv.writeUIntBE(flv.readUIntBE(tag + 4, 3) + 7, tag + 4, 3);
	return flv;
}
