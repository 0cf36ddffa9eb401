import { readFileSync } from "node:fs";
import { millraceArguments, needGstElements, needPrograms, Program, type SkippableTest } from "@millrace/testkit";
import { needMillrace, programPath, sleep } from "./suite-server.ts";

/** A program that sends an FLV file to an RTMP address in real time and ends with the file. */
export type Publisher = {
	readonly name: string;
	need(test: SkippableTest): void | Promise<void>;
	start(file: string, url: string): Program;
};

export const ffmpegPublisher: Publisher = {
	name: "ffmpeg",
	need: test => needPrograms(test, "ffmpeg"),
	start: (file, url) =>
		new Program(programPath("ffmpeg"), [
			...["-hide_banner", "-nostdin", "-nostats", "-v", "warning", "-re", "-i", file, "-c", "copy", "-f", "flv", url],
		]),
};

/**
 * The file demultiplexed and multiplexed again by GStreamer, and sent by its own RTMP code (`rtmp2sink`) or by librtmp
 * (`rtmpsink`). `kinds` are the streams that the file has.
 */
export function gstPublisher(
	sink: "rtmp2sink" | "rtmpsink",
	kinds: readonly ("video" | "audio")[] = ["video", "audio"],
): Publisher {
	return {
		name: `GStreamer ${sink}`,
		need: test => needGstElements(test, "flvdemux", "flvmux", sink),
		start: (file, url) =>
			new Program(programPath("gst-launch-1.0"), [
				...["-q", "--no-fault", "filesrc", `location=${file}`, "!", "flvdemux", "name=d"],
				...kinds.flatMap(kind => [`d.${kind}`, "!", "queue", "!", `m.${kind}`]),
				...["flvmux", "name=m", "streamable=true", "!"],
				...[sink, `location=${url}${sink === "rtmpsink" ? " live=1" : ""}`, "sync=true"],
				// Certificates of tests are their own authority; without TLS it has no meaning.
				...(sink === "rtmp2sink" ? ["tls-validation-flags=0"] : []),
			]),
	};
}

/**
 * Sends each tag of the file as it is, whatever its codec: librtmp takes FLV bytes and looks only at the tag headers.
 * The pace is kept here, by the tags' timestamps.
 */
export const librtmpTagPublisher: Publisher = {
	name: "librtmp, tag by tag",
	need: test => needGstElements(test, "fdsrc", "rtmpsink"),
	start: (file, url) => {
		const program = new Program(
			programPath("gst-launch-1.0"),
			[
				"-q",
				"--no-fault",
				"fdsrc",
				"fd=0",
				"blocksize=1048576",
				"!",
				"rtmpsink",
				`location=${url} live=1`,
				"sync=false",
			],
			{ stdin: true },
		);
		void feedTags(program, readFileSync(file));
		return program;
	},
};

export const millracePublisher: Publisher = {
	name: "millrace publish",
	need: test => needMillrace(test, "command line"),
	start: (file, url) => new Program(process.execPath, millraceArguments("publish", file, url)),
};

async function feedTags(program: Program, flv: Buffer): Promise<void> {
	const start = Date.now();
	for (let at = 13; at < flv.length && !program.exit; ) {
		const end = at + 11 + flv.readUIntBE(at + 1, 3) + 4;
		const due = flv.readUIntBE(at + 4, 3);
		const early = due - (Date.now() - start);
		if (early > 0) await sleep(early);
		program.stdin.write(flv.subarray(at, end));
		// librtmp needs a tag's header in one piece, so tags are handed over one by one, and the file's header not at all.
		await sleep(0);
		at = end;
	}
	program.stdin.end();
}
