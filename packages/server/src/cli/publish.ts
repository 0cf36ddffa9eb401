import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { publishMedia, Responder, readFlvFile } from "@millrace/client";
import { Command, InvalidArgumentError } from "commander";
import type { CliContext } from "./cli-context.ts";
import { showProgress } from "./progress-line.ts";
import { EXIT, fail, type StreamWork, withStream } from "./stream-command.ts";

type PublishFlags = { readonly loop?: boolean; readonly speed: number };

/** `millrace publish`: sends an FLV file to a server in real time. */
export function publishCommand(context: CliContext): Command {
	return new Command("publish")
		.description("publish an FLV file to a server, in real time")
		.argument("<file>", "FLV file")
		.argument("<url>", "rtmp://host/application/name")
		.option("--loop", "begin anew at the end, until Ctrl+C")
		.option("--speed <factor>", "2 is twice as fast; max is as fast as the server takes it", parseSpeed, 1)
		.action(async (file: string, url: string, flags: PublishFlags) => {
			try {
				await access(file, constants.R_OK);
			} catch (error) {
				fail(context, EXIT.usage, `${file} cannot be read: ${(error as Error).message}`);
			}
			await withStream(context, url, "publisher", work => publish(context, file, flags, work));
		});
}

async function publish(
	context: CliContext,
	file: string,
	{ loop = false, speed }: PublishFlags,
	{ connection, stream, name, abort }: StreamWork,
): Promise<void> {
	// FMLE's additions, which some servers wait for; whatever they answer, `publish` decides.
	const ignored = new Responder(() => undefined);
	connection.call("releaseStream", ignored, name);
	connection.call("FCPublish", ignored, name);
	await stream.publishAsync(name);
	context.stderr.write(`Publishing ${file}. Ctrl+C stops.\n`);
	const endProgress = showProgress(context, () => ({
		seconds: stream.time,
		bytes: stream.info.byteCount,
		bytesPerSecond: stream.info.currentBytesPerSecond,
	}));
	let torn = "";
	const read = () => readFlvFile(file, { onTorn: fault => (torn = fault.message) });
	try {
		await publishMedia(stream, read, { loop, speed, signal: abort.signal });
	} finally {
		endProgress();
	}
	if (torn !== "") context.stderr.write(`${file}: ${torn}\n`);
	connection.call("FCUnpublish", ignored, name);
	stream.close();
}

function parseSpeed(text: string): number {
	if (text === "max") return Number.POSITIVE_INFINITY;
	const speed = Number(text);
	if (text.trim() === "" || !(speed > 0)) throw new InvalidArgumentError("It is to be a number above 0, or max.");
	return speed;
}
