import { EventEmitter } from "node:events";
import type { ServerOptions } from "../config/index.ts";
import type { CliContext, ListenAddress, RunningServer } from "./cli-context.ts";

/** A context for tests: what commands wrote, what they started, and means to send signals. */
export interface TestContext extends CliContext {
	readonly written: { out: string; err: string };
	readonly events: EventEmitter;
	readonly exits: number[];
	readonly servers: { readonly options: ServerOptions; readonly calls: string[] }[];
}

/** What a test wants to be different. */
export interface TestContextOptions {
	readonly isTTY?: boolean;
	readonly environment?: Readonly<Record<string, string>>;
	readonly folder?: string;
	readonly localAddresses?: readonly string[];
	readonly start?: () => Promise<void>;
	readonly stop?: () => Promise<void>;
}

/** Makes a context whose servers only remember what was asked of them. */
export function createTestContext(options: TestContextOptions = {}): TestContext {
	const written = { out: "", err: "" };
	const events = new EventEmitter();
	const exits: number[] = [];
	const servers: TestContext["servers"] = [];
	const stream = (name: "out" | "err") => ({
		isTTY: options.isTTY ?? false,
		hasColors: () => false,
		write: (text: string, onTaken?: () => void): void => {
			written[name] += text;
			onTaken?.();
		},
	});
	return {
		written,
		events,
		exits,
		servers,
		version: "1.2.3",
		environment: options.environment ?? {},
		folder: options.folder ?? "/nowhere",
		stdout: stream("out"),
		stderr: stream("err"),
		process: events,
		localAddresses: () => options.localAddresses ?? ["192.0.2.7"],
		collectStart: () => {},
		exit: code => void exits.push(code),
		createServer: (serverOptions): RunningServer => {
			const calls: string[] = [];
			servers.push({ options: serverOptions, calls });
			const addresses: readonly ListenAddress[] = serverOptions.listeners;
			return {
				addresses,
				start: async () => {
					calls.push("start");
					await options.start?.();
				},
				drain: async () => {
					calls.push("drain");
					await options.stop?.();
				},
				reloadCertificates: () => void calls.push("reload"),
				stop: async () => {
					calls.push("stop");
					await options.stop?.();
				},
			};
		},
	};
}
