import { Command } from "commander";
import { type FileFault, inspectFile, type MediaReport, type TrackReport } from "../library/index.ts";
import { escapeText } from "../log/index.ts";
import type { CliContext } from "./cli-context.ts";
import { withFileWork } from "./file-command.ts";
import { bitrateText, clockText, sizeText } from "./progress-line.ts";

/** `millrace info`: tells what a file holds and what is wrong with it. */
export function infoCommand(context: CliContext): Command {
	return new Command("info")
		.description("tell what a media file holds and what is wrong with it")
		.argument("<file>", "FLV or MP4 file")
		.option("--json", "print JSON")
		.action(async (file: string, { json }: { readonly json?: true }) => {
			const report = await withFileWork(context, ({ onProgress, signal }) =>
				inspectFile(file, {
					signal,
					onProgress: (bytes, of) => onProgress({ part: bytes / of, seconds: 0, totalSeconds: 0, bytes }),
				}),
			);
			context.stdout.write(json === true ? `${JSON.stringify(report, null, "\t")}\n` : reportText(report));
		});
}

type Line = readonly [name: string, text: string];

function reportText(report: MediaReport): string {
	const { container, bytes, seconds, bitrate, tracks, faults } = report;
	const lines: Line[] = [
		["Container", `${container}, ${sizeText(bytes)}`],
		["Duration", `${clockText(seconds)}${(seconds % 1).toFixed(3).slice(1)}`],
		["Bitrate", bitrate === undefined ? "unknown" : bitrateText(bitrate)],
		...tracks.flatMap(linesOf),
		...faults.map(faultLine),
	];
	const width = Math.max(...lines.map(([name]) => name.length)) + 2;
	return lines.map(([name, text]) => `${name.padEnd(width)}${escapeText(text)}\n`).join("");
}

function linesOf(track: TrackReport): Line[] {
	const { kind, codec, codecString, width, height, framerate, sampleRate, channels, bitrate, language, frames } = track;
	const parts = [
		codec === "" ? "unknown" : codec,
		codecString,
		width === undefined || height === undefined ? undefined : `${width}x${height}`,
		framerate === undefined ? undefined : `${Math.round(framerate * 100) / 100} frames/s`,
		sampleRate === undefined ? undefined : `${sampleRate} Hz`,
		channels === undefined ? undefined : channels === 1 ? "mono" : `${channels} channels`,
		bitrate === undefined ? undefined : bitrateText(bitrate),
		language === undefined || language === "und" ? undefined : language,
		`${frames} ${kind === "other" ? "samples" : "frames"}`,
		`${track.seconds.toFixed(3)} s`,
	];
	const name = { video: "Video", audio: "Audio", other: "Track" }[kind];
	const lines: Line[] = [
		[track.id > 0 ? `${name} ${track.id}` : name, parts.filter(part => part !== undefined).join(", ")],
	];
	const { keyframes } = track;
	if (keyframes !== undefined) {
		const longest = keyframes.longestDistance;
		const distance = longest === undefined ? "" : `, at most ${longest.toFixed(2)} s apart`;
		lines.push(["Keyframes", `${keyframes.count}${distance}`]);
	}
	return lines;
}

function faultLine({ severity, text, offset, canRepair }: FileFault): Line {
	const place = offset === undefined ? "" : ` (byte ${offset})`;
	return [severity === "fault" ? "Fault" : "Note", `${text}${place}${canRepair ? " “millrace repair” mends it." : ""}`];
}
