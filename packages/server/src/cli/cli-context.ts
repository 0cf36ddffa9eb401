import type { ServerOptions } from "../config/index.ts";
import type { EventLog } from "../log/index.ts";

/** One address that a server listens on. */
export interface ListenAddress {
	readonly protocol: "rtmp" | "http";
	/** As configured; `::` and `0.0.0.0` stand for every address of the machine. */
	readonly host: string;
	/** The port that is really taken, where 0 was configured too. */
	readonly port: number;
}

/** What the command line needs of a server. */
export interface RunningServer {
	/** Listens. Rejects with the system's error (`code`, `port`), or one that has it as its `cause`. */
	start(): Promise<void>;
	/** Says goodbye to every peer and closes everything. */
	stop(): Promise<void>;
	/** Lets nobody else in, waits for those that are there, and stops. */
	drain(): Promise<void>;
	/** Reads the certificates again. */
	reloadCertificates(): void;
	/** Known once `start` has resolved. */
	readonly addresses: readonly ListenAddress[];
}

/** Makes a server that does not listen yet. `options.publish.key` is set whenever one is needed. */
export type ServerFactory = (options: ServerOptions, services: { readonly log: EventLog }) => RunningServer;

/** Standard output or error, as far as commands use it. */
export interface CliStream {
	readonly isTTY?: boolean | undefined;
	/** Whether colours are wanted and known. */
	hasColors?(): boolean;
	/** Calls `onTaken` when the data have been handed on, or cannot be. */
	write(data: string | Uint8Array, onTaken?: () => void): unknown;
}

/** The process's signals and its errors that nobody caught. */
export interface ProcessEvents {
	on(event: string, listener: (argument: unknown) => void): unknown;
	off(event: string, listener: (argument: unknown) => void): unknown;
}

/** Everything that commands take from the process around them, so that a test can give them another. */
export interface CliContext {
	readonly version: string;
	readonly createServer: ServerFactory;
	readonly environment: Readonly<Record<string, string | undefined>>;
	/** The folder in which `millrace.yaml` is looked for. */
	readonly folder: string;
	readonly stdout: CliStream;
	readonly stderr: CliStream;
	readonly process: ProcessEvents;
	/** This machine's addresses that others can reach, IPv4 before IPv6. */
	readonly localAddresses: () => readonly string[];
	/** Called once a server runs: what starting it took is given back to the system. */
	readonly collectStart: () => void;
	/** Ends the process at once. */
	readonly exit: (code: number) => void;
}
