import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { FlvDemuxer } from "@millrace/core/flv";
import {
	comparePackets,
	findProgram,
	giveUp,
	MediaLibrary,
	needEncoders,
	probePackets,
	runProgram,
	TempDir,
} from "@millrace/testkit";
import { afterAll, expect, test } from "vitest";
import { FileClient, publishFile } from "./file-client.ts";
import { FileServer } from "./file-server.ts";

const library = new MediaLibrary();
const dir = new TempDir("full-disk");

afterAll(() => dir.remove());

test.for([
	["full", "6m", 0, "NetStream.Record.Failed", "disk-full"],
	["at its floor", "40m", 30_000_000, "NetStream.Record.DiskQuotaExceeded", "disk-floor"],
] as const)(
	"a disk that is %s ends a recording with a status and a line of the log, and the stream goes on",
	async ([, size, freeBytes, status, reason], context) => {
		await needEncoders(context, "libx264", "aac");
		if (process.platform !== "linux" || findProgram("mount") === undefined)
			giveUp(context, "there is no mount program");
		const folder = dir.file(reason);
		mkdirSync(folder);
		try {
			await runProgram("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", folder]);
		} catch {
			giveUp(context, "mounting a tmpfs needs root");
		}
		let server: FileServer | undefined;
		try {
			server = await FileServer.start(folder, [`record.freeBytes=${freeBytes}`]);
			const source = await library.file("h264-heavy");
			const app = server.process.rtmpUrl("live");
			const publishing = await publishFile(app, "heavy", source, { type: "record", loop: true });
			await using viewer = await FileClient.connect(app);
			await viewer.stream.playAsync("heavy");
			const { fields } = await server.process.waitForEvent("record-end", 20_000);
			expect(fields).toMatchObject({ stream: "live/heavy", level: "error", reason });
			const at = await publishing.client.waitFor("the end of the recording", event => {
				return event.kind === "status" && event.code.startsWith("NetStream.Record.") && event.info.level === "error";
			});
			const end = publishing.client.events[at]!;
			expect(end.kind === "status" && end.code).toBe(status);
			// The stream goes on for those who watch it.
			const millis = viewer.frames().at(-1)!.timestamp;
			const isLater = (event: (typeof viewer.events)[number]) =>
				event.kind === "media" && event.message.timestamp > millis + 2000;
			await viewer.waitFor("two more seconds", isLater);
			const sent = await probePackets(source);
			const path = server.recorded("heavy.flv");
			comparePackets(sent, await probePackets(path), { missingAtEnd: sent.length, minimumPackets: 10 });
			const reader = new FlvDemuxer({ onTag() {} });
			reader.push(readFileSync(path));
			expect(reader.end()).toBeUndefined();
			await publishing.stop();
		} finally {
			await server?.stop();
			await runProgram("umount", [folder]);
			rmSync(folder, { recursive: true, force: true });
		}
	},
);
