import { createWriteStream, existsSync, statSync, writeFileSync } from "node:fs";
import {
	millraceArguments,
	needGstElements,
	needPrograms,
	Program,
	type ServerProcess,
	type SkippableTest,
} from "@millrace/testkit";
import { needMillrace, programPath, sleep } from "./suite-server.ts";

/** Something that plays a live stream into an FLV file. */
export type Player = {
	readonly name: string;
	/** What it plays through; HTTP players must not start before the stream is live. */
	readonly protocol: "rtmp" | "http";
	/** How many of a stream's last packets the player itself throws away when the stream ends; default 0. */
	readonly losesAtEnd?: number;
	need(test: SkippableTest): void | Promise<void>;
	/** Begins to play the stream `path` (`live/name`) into `file`. */
	start(server: FlvServer, path: string, file: string): Playing | Promise<Playing>;
};

/** The part of a server that players use. */
export type FlvServer = Pick<ServerProcess, "rtmpUrl" | "httpUrl" | "wsUrl">;

export type Playing = {
	/** Waits for the player's own end for a moment, ends it otherwise; throws when it failed or wrote nothing. */
	finish(): Promise<void>;
};

export const ffmpegPlayer: Player = {
	name: "ffmpeg",
	protocol: "rtmp",
	need: test => needPrograms(test, "ffmpeg"),
	start: (server, path, file) => {
		const args = ["-hide_banner", "-nostdin", "-nostats", "-v", "warning", "-y", "-analyzeduration", "1000000"];
		const url = ["-rtmp_live", "live", "-i", server.rtmpUrl(path)];
		return programPlaying(new Program(programPath("ffmpeg"), [...args, ...url, "-c", "copy", "-f", "flv", file]), file);
	},
};

export const rtmpdumpPlayer: Player = {
	name: "rtmpdump",
	protocol: "rtmp",
	need: test => needPrograms(test, "rtmpdump"),
	start: (server, path, file) =>
		programPlaying(
			new Program(programPath("rtmpdump"), ["--live", "-q", "-r", server.rtmpUrl(path), "-o", file]),
			file,
		),
};

export const rtmp2srcPlayer: Player = {
	name: "GStreamer rtmp2src",
	protocol: "rtmp",
	// It ends at once at NetStream.Play.UnpublishNotify, with what it has read and not yet handed on.
	losesAtEnd: 2,
	need: test => needGstElements(test, "rtmp2src", "filesink"),
	start: (server, path, file) => gstPlaying(["rtmp2src", `location=${server.rtmpUrl(path)}`], file),
};

export const rtmpsrcPlayer: Player = {
	name: "GStreamer rtmpsrc",
	protocol: "rtmp",
	need: test => needGstElements(test, "rtmpsrc", "filesink"),
	start: (server, path, file) => gstPlaying(["rtmpsrc", `location=${server.rtmpUrl(path)} live=1`], file),
};

export const mpvPlayer: Player = {
	name: "mpv",
	protocol: "rtmp",
	need: test => needPrograms(test, "mpv"),
	start: (server, path, file) => {
		const args = ["--no-config", "--no-terminal", `--stream-dump=${file}`, server.rtmpUrl(path)];
		return programPlaying(new Program(programPath("mpv"), args), file);
	},
};

export const millracePlayer: Player = {
	name: "millrace record",
	protocol: "rtmp",
	need: test => needMillrace(test, "command line"),
	start: (server, path, file) =>
		programPlaying(new Program(process.execPath, millraceArguments("record", server.rtmpUrl(path), file)), file),
};

export const httpFlvPlayer: Player = {
	name: "HTTP-FLV by fetch",
	protocol: "http",
	need: test => needMillrace(test, "HTTP-FLV"),
	start: async (server, path, file) => {
		const control = new AbortController();
		const answer = await fetch(server.httpUrl(`${path}.flv`), { signal: control.signal });
		if (!answer.ok || !answer.body) throw new Error(`${path}.flv: status ${answer.status}`);
		const chunks: Uint8Array[] = [];
		const reading = (async () => {
			for await (const chunk of answer.body!) chunks.push(chunk);
		})();
		// An aborted read ends with an error that is expected; others are thrown by `finish`.
		const end = reading.then(
			() => undefined,
			(error: unknown) => error,
		);
		return {
			async finish() {
				const failure = await Promise.race([end, sleep(OWN_END_MILLIS)]);
				control.abort();
				await end;
				if (failure) throw failure;
				writeFileSync(file, Buffer.concat(chunks));
			},
		};
	},
};

export const webSocketFlvPlayer: Player = {
	name: "WebSocket-FLV by Node",
	protocol: "http",
	need: test => needMillrace(test, "WebSocket-FLV"),
	start: async (server, path, file) => {
		const socket = new WebSocket(server.wsUrl(`${path}.flv`));
		socket.binaryType = "arraybuffer";
		const out = createWriteStream(file);
		socket.addEventListener("message", event => out.write(new Uint8Array(event.data as ArrayBuffer)));
		const closed = new Promise<void>(resolve => socket.addEventListener("close", () => resolve()));
		await new Promise<void>((resolve, reject) => {
			socket.addEventListener("open", () => resolve());
			socket.addEventListener("error", () => reject(new Error(`${path}.flv: the WebSocket was refused`)));
		});
		return {
			async finish() {
				await Promise.race([closed, sleep(OWN_END_MILLIS)]);
				socket.close();
				await closed;
				await new Promise<void>(resolve => out.end(resolve));
			},
		};
	},
};

/** How long a player may go on after its publisher's end before it is ended. */
const OWN_END_MILLIS = 1500;

function gstPlaying(source: readonly string[], file: string): Playing {
	const args = ["-q", "--no-fault", "-e", ...source, "!", "filesink", `location=${file}`];
	return programPlaying(new Program(programPath("gst-launch-1.0"), args), file);
}

/** What a program that writes a file plays. */
export function programPlaying(program: Program, file: string): Playing {
	return {
		async finish() {
			const deadline = Date.now() + OWN_END_MILLIS;
			while (!program.exit && Date.now() < deadline) await sleep(50);
			await program.stop("SIGINT");
			if (!existsSync(file) || statSync(file).size === 0) throw new Error(program.describe("wrote nothing"));
		},
	};
}
