import { StreamProbe, type StreamReport } from "@millrace/client";
import { Command } from "commander";
import { escapeText } from "../log/index.ts";
import type { CliContext } from "./cli-context.ts";
import { playMedia } from "./first-media.ts";
import { bitrateText } from "./progress-line.ts";
import { type ConnectFlags, parseSeconds, VERBOSE_FLAG, withStream } from "./stream-command.ts";

type ProbeFlags = ConnectFlags & { readonly seconds: number; readonly wait: number; readonly json?: true };

/** `millrace probe`: tells what a stream is. */
export function probeCommand(context: CliContext): Command {
	return new Command("probe")
		.description("watch a stream for some seconds and tell what it is")
		.argument("<url>", "rtmp://host/application/name")
		.option("--seconds <seconds>", "how long to watch", parseSeconds, 5)
		.option("--wait <seconds>", "how long to wait for the stream to begin", parseSeconds, 10)
		.option("--json", "print JSON")
		.option(...VERBOSE_FLAG)
		.action((url: string, flags: ProbeFlags) =>
			withStream(context, url, "player", flags, async work => {
				const probe = new StreamProbe();
				await playMedia(context, work, flags.wait, {}, async media => {
					let end: NodeJS.Timeout | undefined;
					const stop = (): void => void media.return?.();
					for await (const message of media) {
						probe.add(message);
						if (message.isAudio || message.isVideo) end ??= setTimeout(stop, flags.seconds * 1000);
					}
					clearTimeout(end);
				});
				const report = probe.report();
				context.stdout.write(flags.json === true ? `${JSON.stringify(report, null, "\t")}\n` : reportText(report));
			}),
		);
}

function reportText(report: StreamReport): string {
	const lines: [name: string, text: string][] = [];
	const video = [
		report.videoCodec,
		report.videoCodecString,
		report.width === undefined || report.height === undefined ? undefined : `${report.width}x${report.height}`,
		report.framerate === undefined ? undefined : `${round(report.framerate)} frames/s`,
	];
	const audio = [
		report.audioCodec,
		report.audioCodecString,
		report.sampleRate === undefined ? undefined : `${report.sampleRate} Hz`,
		report.channels === undefined ? undefined : report.channels === 1 ? "mono" : `${report.channels} channels`,
	];
	lines.push(["Video", join(video)], ["Audio", join(audio)]);
	if (report.bitrate !== undefined) {
		const parts = [
			report.videoBitrate === undefined ? undefined : `video ${bitrateText(report.videoBitrate)}`,
			report.audioBitrate === undefined ? undefined : `audio ${bitrateText(report.audioBitrate)}`,
		];
		lines.push(["Bitrate", `${bitrateText(report.bitrate)} (${join(parts)})`]);
	}
	if (report.measuredFramerate !== undefined) lines.push(["Frames", `${round(report.measuredFramerate)} a second`]);
	if (report.keyframeInterval !== undefined) lines.push(["Keyframes", `every ${round(report.keyframeInterval)} s`]);
	lines.push(["Watched", `${round(report.seconds)} s`]);
	for (const [name, value] of Object.entries(report.metadata ?? {})) {
		lines.push([`  ${name}`, typeof value === "object" ? JSON.stringify(value) : escapeText(String(value))]);
	}
	const width = Math.max(...lines.map(([name]) => name.length)) + 2;
	return lines.map(([name, text]) => `${escapeText(name).padEnd(width)}${text}\n`).join("");
}

function join(parts: readonly (string | undefined)[]): string {
	const known = parts.filter(part => part !== undefined);
	return known.length === 0 ? "none seen" : known.join(", ");
}

function round(value: number): number {
	return Math.round(value * 100) / 100;
}
