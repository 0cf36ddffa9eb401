import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import type { Command } from "commander";
import { type ConfigFlag, type LoadedConfig, loadConfig } from "../config/index.ts";
import type { CliContext } from "./cli-context.ts";

/** The file that is read when none is named, if it exists. */
export const DEFAULT_FILE = "millrace.yaml";

/** The values of the flags that `addConfigFlags` declares, as commander gives them. */
export interface ConfigFlagValues {
	readonly config?: string;
	readonly rtmpPort?: string;
	readonly httpPort?: string;
	readonly host?: string;
	readonly latency?: string;
	readonly logFormat?: string;
	readonly logLevel?: string;
	readonly dataDir?: string;
	readonly demo?: boolean;
	readonly set?: readonly string[];
}

/** A configuration together with the file it was read from, if there was one. */
export interface ConfigOfCommand extends LoadedConfig {
	readonly file: string | undefined;
}

/** Declares the flags that set parts of the configuration; every command that reads one has the same. */
export function addConfigFlags(command: Command): Command {
	return command
		.option("-c, --config <file>", `configuration file (default: ${DEFAULT_FILE}, if it exists)`)
		.option("--rtmp-port <port>", "port for RTMP (default: 1935)")
		.option("--http-port <port>", "port for pages, FLV and WebSocket (default: 8080)")
		.option("--host <address>", "address to listen on (default: all)")
		.option("--latency <mode>", "interactive, default or scale")
		.option(
			"--data-dir <folder>",
			"where the server keeps what it makes, such as the publish key (default: ./millrace-data)",
		)
		.option("--log-level <level>", "debug, info, warn, error or silent")
		.option("--log-format <format>", "text, json or auto")
		.option("--demo", "publish a test stream")
		.option("--set <key=value>", "any other setting, such as live.gopCache.enabled=false; may be repeated", gather);
}

/** Reads the configuration as the flags, the environment and the file say. Throws a `ConfigError`. */
export function configOf(values: ConfigFlagValues, context: CliContext): ConfigOfCommand {
	const file = values.config ?? defaultFile(context.folder);
	const flags: ConfigFlag[] = [];
	const setting = (flag: string, path: readonly string[], value: unknown): void => {
		if (value !== undefined) flags.push({ flag, target: { path }, value });
	};
	const listeners = (flag: string, which: "rtmp" | "http" | "all", key: "host" | "port", value: unknown): void => {
		if (value !== undefined) flags.push({ flag, target: { listeners: which, key }, value });
	};
	listeners("--rtmp-port", "rtmp", "port", portOf(values.rtmpPort));
	listeners("--http-port", "http", "port", portOf(values.httpPort));
	listeners("--host", "all", "host", values.host);
	setting("--latency", ["live", "latency"], values.latency);
	setting("--data-dir", ["dataDir"], values.dataDir);
	setting("--log-level", ["log", "level"], values.logLevel);
	setting("--log-format", ["log", "format"], values.logFormat);
	setting("--demo", ["demo"], values.demo);
	const loaded = loadConfig({ file, environment: context.environment, assignments: values.set ?? [], flags });
	return { ...loaded, file };
}

function defaultFile(folder: string): string | undefined {
	const file = join(folder, DEFAULT_FILE);
	return existsSync(file) ? relative(process.cwd(), file) : undefined;
}

/** What is no number goes on as it is: the schema says what is wrong with it. */
function portOf(text: string | undefined): unknown {
	return text !== undefined && /^\d{1,6}$/.test(text) ? Number(text) : text;
}

function gather(value: string, former: readonly string[] | undefined): readonly string[] {
	return [...(former ?? []), value];
}
