import {
	ArgumentError,
	type AttemptRecord,
	NetConnection,
	type NetConnectionOptions,
	NetStatusError,
	NetStream,
	splitStreamUrl,
} from "@millrace/client";
import { MillraceError } from "@millrace/core/fault";
import { CommanderError, InvalidArgumentError } from "commander";
import { escapeText } from "../log/index.ts";
import type { CliContext } from "./cli-context.ts";

/** How the commands that work with streams and files end, beside 0. */
export const EXIT = {
	/** The server refused, or the stream failed. */
	refused: 1,
	/** The command was given something that it cannot use: an address, a file, a number. */
	usage: 2,
	/** No connection to the server. */
	unreachable: 3,
	/** There is no such stream, or nothing is published. */
	notFound: 4,
	/** The connection was lost on the way. */
	lost: 5,
	/** Ctrl+C before there was anything to end cleanly, or a second one. */
	interrupted: 130,
} as const;

/** What a command works with while it is connected. */
export type StreamWork = {
	readonly connection: NetConnection;
	readonly stream: NetStream;
	/** The stream's name, with its query. */
	readonly name: string;
	/** Ctrl+C, or the end of a limited time. */
	readonly abort: AbortController;
};

/** What the commands that connect have in common. */
export type ConnectFlags = { readonly verbose?: true };

/** The flag of `ConnectFlags`, with its text for `--help`. */
export const VERBOSE_FLAG = ["-v, --verbose", "tell of each attempt to connect"] as const;

/** Ends a command with one line and an exit code. Texts of servers are in it: they must not steer the terminal. */
export function fail(context: CliContext, exitCode: number, text: string): never {
	context.stderr.write(`${escapeText(text)}\n`);
	throw new CommanderError(exitCode, "millrace.failed", text);
}

/**
 * Connects to the application of a stream's address, does the work and says goodbye. The first signal aborts the work,
 * a second one ends the process. What goes wrong ends the command with one line and one of the `EXIT` codes.
 */
export async function withStream(
	context: CliContext,
	url: string,
	role: "publisher" | "player",
	flags: ConnectFlags,
	work: (work: StreamWork) => Promise<void>,
): Promise<void> {
	const abort = new AbortController();
	const release = onSignals(context, abort);
	const onAttempt = (record: AttemptRecord): void => void context.stderr.write(`${attemptText(record)}\n`);
	const connection = makeConnection(role, context.version, flags.verbose === true ? { onAttempt } : {});
	let farewell = "";
	connection.addEventListener("netStatus", ({ info }) => {
		if (FAREWELLS.has(info.code)) farewell = info.description;
	});
	// An attempt that is under way ends with Ctrl+C; what is connected ends as the work wants it.
	abort.signal.addEventListener("abort", () => {
		if (!connection.connected) connection.close();
	});
	try {
		const { url: application, name } = splitStreamUrl(url);
		await connection.connectAsync(application);
		await work({ connection, stream: new NetStream(connection), name, abort });
	} catch (error) {
		if (abort.signal.aborted) throw new CommanderError(EXIT.interrupted, "millrace.interrupted", "Interrupted.");
		explain(context, url, error, farewell);
	} finally {
		release();
		connection.close();
	}
}

/** Reads a number of seconds. */
export function parseSeconds(text: string): number {
	const seconds = Number(text);
	if (text.trim() === "" || !(seconds >= 0)) throw new InvalidArgumentError("It is to be a number of seconds.");
	return seconds;
}

/** Encoders and players tell servers what they are; a player here takes every codec and passes it on as it is. */
/** One line: what is tried, or what came of it. */
function attemptText({ number, protocol, host, port, proxy, outcome, endMillis, reason }: AttemptRecord): string {
	const road = `${protocol} ${host}:${port}${proxy === "none" ? "" : ` by ${proxy}`}`;
	const time = endMillis === undefined ? "" : ` after ${Math.round(endMillis)} ms`;
	return escapeText(`Attempt ${number}, ${road}: ${outcome}${time}${reason === undefined ? "" : `: ${reason}`}`);
}

function makeConnection(role: "publisher" | "player", version: string, options: NetConnectionOptions): NetConnection {
	const forward = { "*": CAN_FORWARD };
	const connection = new NetConnection(
		role === "publisher"
			? { ...options, flashVersion: `FMLE/3.0 (compatible; Millrace/${version})`, properties: { type: "nonprivate" } }
			: {
					...options,
					flashVersion: `LNX 32,0,0,465 (compatible; Millrace/${version})`,
					properties: {
						fourCcList: ["*"],
						videoFourCcInfoMap: forward,
						audioFourCcInfoMap: { ...forward },
						capsEx: CAPS_MULTITRACK | CAPS_MOD_EX | CAPS_NANOSECONDS,
						videoFunction: VIDEO_SEEK | VIDEO_HDR | VIDEO_METADATA,
					},
				},
	);
	connection.objectEncoding = 0;
	return connection;
}

/** Enhanced RTMP v2, "Enhancing NetConnection connect Command". */
const CAN_FORWARD = 4;
const CAPS_MULTITRACK = 2;
const CAPS_MOD_EX = 4;
const CAPS_NANOSECONDS = 8;
const VIDEO_SEEK = 1;
const VIDEO_HDR = 2;
const VIDEO_METADATA = 4;

/** The first signal aborts; a second one ends the process. Returns what ends that. */
export function onSignals({ process, exit }: CliContext, abort: AbortController): () => void {
	const listener = (): void => {
		if (abort.signal.aborted) exit(EXIT.interrupted);
		abort.abort();
	};
	for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, listener);
	return () => {
		for (const signal of ["SIGINT", "SIGTERM"]) process.off(signal, listener);
	};
}

/** What servers say before they close a connection. */
const FAREWELLS: ReadonlySet<string> = new Set([
	"NetConnection.Connect.AppShutdown",
	"NetConnection.Connect.IdleTimeout",
	"NetConnection.Connect.Rejected",
]);

function explain(context: CliContext, url: string, error: unknown, farewell: string): never {
	if (error instanceof ArgumentError) fail(context, EXIT.usage, error.message);
	if (error instanceof NetStatusError) {
		const { code, description } = error.info;
		if (code === "NetConnection.Connect.Failed") fail(context, EXIT.unreachable, `No connection: ${description}`);
		if (code === "NetConnection.Connect.Closed") {
			const why = farewell === "" ? "was lost" : `was closed by the server: ${farewell}`;
			fail(context, EXIT.lost, `The connection to ${hostOf(url)} ${why}`.replace(/[.]*$/, "."));
		}
		const exitCode = code === "NetStream.Play.StreamNotFound" ? EXIT.notFound : EXIT.refused;
		fail(context, exitCode, `The server refused: ${error.message}`);
	}
	if (error instanceof MillraceError) fail(context, EXIT.usage, error.message);
	throw error;
}

/** Without the stream's name, which may hold a key. */
function hostOf(url: string): string {
	return /^\w+:\/\/(?:[^@/]*@)?([^/?#]*)/.exec(url)?.[1] ?? "the server";
}
