import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { type MediaSource, Mp4File, publishMedia, Responder, readFlvFile } from "@millrace/client";
import { MillraceError } from "@millrace/core/fault";
import { Command, InvalidArgumentError } from "commander";
import { containerOfFile } from "../library/index.ts";
import type { CliContext } from "./cli-context.ts";
import { parseTrackNumber } from "./file-command.ts";
import { showProgress } from "./progress-line.ts";
import { type ConnectFlags, EXIT, fail, type StreamWork, VERBOSE_FLAG, withStream } from "./stream-command.ts";

type PublishFlags = ConnectFlags & { readonly loop?: boolean; readonly speed: number; readonly audioTrack?: number };

/** A file that can be read again and again. */
type PublishedFile = {
	readonly path: string;
	readonly messages: Extract<MediaSource, () => unknown>;
	/** Infinite where the file does not tell. */
	readonly seconds: number;
	/** What is to be told in the end. */
	readonly fault: () => string;
	readonly close: () => Promise<void>;
};

/** `millrace publish`: sends an FLV or MP4 file to a server in real time. */
export function publishCommand(context: CliContext): Command {
	return new Command("publish")
		.description("publish an FLV or MP4 file to a server, in real time")
		.argument("<file>", "FLV or MP4 file")
		.argument("<url>", "rtmp://host/application/name")
		.option("--loop", "begin anew at the end, until Ctrl+C")
		.option("--speed <factor>", "2 is twice as fast; max is as fast as the server takes it", parseSpeed, 1)
		.option("--audio-track <number>", "of an MP4 with several, from 1 (default: the first)", parseTrackNumber)
		.option(...VERBOSE_FLAG)
		.action(async (file: string, url: string, flags: PublishFlags) => {
			const opened = await openFile(context, file, flags);
			try {
				await withStream(context, url, "publisher", flags, work => publish(context, opened, flags, work));
			} finally {
				await opened.close();
			}
		});
}

async function openFile(context: CliContext, path: string, { audioTrack }: PublishFlags): Promise<PublishedFile> {
	try {
		await access(path, constants.R_OK);
	} catch (error) {
		fail(context, EXIT.usage, `${path} cannot be read: ${(error as Error).message}`);
	}
	try {
		if ((await containerOfFile(path)) === "flv") {
			let torn = "";
			const messages = () => readFlvFile(path, { onTorn: fault => (torn = fault.message) });
			return { path, messages, seconds: Number.POSITIVE_INFINITY, fault: () => torn, close: async () => undefined };
		}
		const file = await Mp4File.open(path, audioTrack === undefined ? {} : { audioTrack });
		const { durationMillis, isTruncated } = file.movie;
		return {
			path,
			messages: () => file.messages(),
			seconds: durationMillis / 1000,
			fault: () => (isTruncated ? "The file ends before the last of its samples." : ""),
			close: () => file.close(),
		};
	} catch (error) {
		if (error instanceof MillraceError) fail(context, EXIT.usage, `${path}: ${error.message}`);
		throw error;
	}
}

async function publish(
	context: CliContext,
	{ path, messages, seconds, fault }: PublishedFile,
	{ loop = false, speed }: PublishFlags,
	{ connection, stream, name, abort }: StreamWork,
): Promise<void> {
	// FMLE's additions, which some servers wait for; whatever they answer, `publish` decides.
	const ignored = new Responder(() => undefined);
	connection.call("releaseStream", ignored, name);
	connection.call("FCPublish", ignored, name);
	await stream.publishAsync(name);
	context.stderr.write(`Publishing ${path}. Ctrl+C stops.\n`);
	const endProgress = showProgress(context, () => ({
		seconds: stream.time,
		bytes: stream.info.byteCount,
		bytesPerSecond: stream.info.currentBytesPerSecond,
		totalSeconds: loop ? Number.POSITIVE_INFINITY : seconds,
	}));
	try {
		await publishMedia(stream, messages, { loop, speed, signal: abort.signal });
	} finally {
		endProgress();
	}
	if (fault() !== "") context.stderr.write(`${path}: ${fault()}\n`);
	connection.call("FCUnpublish", ignored, name);
	stream.close();
}

function parseSpeed(text: string): number {
	if (text === "max") return Number.POSITIVE_INFINITY;
	const speed = Number(text);
	if (text.trim() === "" || !(speed > 0)) throw new InvalidArgumentError("It is to be a number above 0, or max.");
	return speed;
}
