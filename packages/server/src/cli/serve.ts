import { relative } from "node:path";
import { Command } from "commander";
import { readOrMakeStreamKey } from "../access/index.ts";
import { applicationOptions, type ServerOptions } from "../config/index.ts";
import { createEventLog, type EventLog, type OpenEventLog } from "../log/index.ts";
import { type BannerFacts, type BannerKey, bannerText } from "./banner.ts";
import type { CliContext, RunningServer } from "./cli-context.ts";
import { addConfigFlags, type ConfigFlagValues, type ConfigOfCommand, configOf } from "./config-flags.ts";
import { CommandFailure } from "./report-error.ts";
import { explainStartFailure } from "./start-failure.ts";

const SIGNALS = ["SIGINT", "SIGTERM"];
const DRAIN_SIGNAL = "SIGUSR2";
const RELOAD_SIGNAL = "SIGHUP";
const UNCAUGHT = ["uncaughtException", "unhandledRejection"];

const SETTINGS = `
These are the settings that change most often; millrace print-config prints all.
`;

/** What a shell reports for a program that Ctrl+C ended. */
const EXIT_INTERRUPTED = 130;

/** `millrace serve`: runs a server until a signal stops it. */
export function serveCommand(context: CliContext): Command {
	const command = new Command("serve").description("run the server").addHelpText("after", SETTINGS);
	return addConfigFlags(command).action((values: ConfigFlagValues) => serve(configOf(values, context), context));
}

async function serve(config: ConfigOfCommand, context: CliContext): Promise<void> {
	const { options, key } = await withKey(config);
	const { stdout, version } = context;
	const opened = createEventLog({ ...options.log, target: stdout });
	const releaseUncaught = exitOnUncaught(opened, context);
	const stopping = awaitSignal(context);
	try {
		const server = context.createServer(options, { log: opened.log });
		await start(server, config);
		context.collectStart();
		if (stdout.isTTY === true && options.log.format !== "json") {
			stdout.write(bannerText(bannerFacts(server, options, key, context), stdout.hasColors?.() === true));
		} else logStart(server, key, version, opened.log);
		const draining = whileRunning(server, context);
		try {
			const signal = await Promise.race([stopping.received, draining.done]);
			opened.log.info("shutdown", { signal });
			await server.stop();
		} finally {
			draining.release();
		}
	} finally {
		stopping.release();
		releaseUncaught();
		opened.flush();
	}
}

async function start(server: RunningServer, { options, placeOf }: ConfigOfCommand): Promise<void> {
	try {
		await server.start();
	} catch (error) {
		const explanation = explainStartFailure(error, options, placeOf);
		throw explanation === undefined ? error : new CommandFailure(explanation, { cause: error });
	}
}

/** The options with a key in force, which is read or made unless everyone may publish everywhere. */
async function withKey({
	options,
	placeOf,
}: ConfigOfCommand): Promise<{ readonly options: ServerOptions; readonly key: BannerKey | undefined }> {
	const { publish, dataDir } = options;
	if (publish.key !== null) {
		return { options, key: { madeNow: undefined, keptIn: placeOf(["publish", "key"]) ?? "the configuration" } };
	}
	if (isOpenToAll(options)) return { options, key: undefined };
	const { key, file, madeNow } = await readOrMakeStreamKey(dataDir);
	return {
		options: { ...options, publish: { ...publish, key } },
		key: { madeNow: madeNow ? key : undefined, keptIn: relative("", file) },
	};
}

/** Whether everyone may publish to every application, those too that have no more than a folder. */
function isOpenToAll(options: ServerOptions): boolean {
	const isOpen = (application: string, host?: string): boolean =>
		applicationOptions(options, application, () => true, host)?.publish.from === "anywhere";
	// The empty name is none that is listed: it has what the host says.
	const areOpen = (names: readonly string[], host?: string): boolean =>
		["", ...names].every(name => isOpen(name, host));
	const hosts = Object.entries(options.virtualHosts);
	return (
		areOpen(Object.keys(options.applications)) &&
		hosts.every(([host, { applications }]) => areOpen(Object.keys(applications), host))
	);
}

function bannerFacts(
	server: RunningServer,
	options: ServerOptions,
	key: BannerKey | undefined,
	{ version, localAddresses }: CliContext,
): BannerFacts {
	const names = Object.keys(options.applications);
	const application = names.includes("live") ? "live" : (names[0] ?? "live");
	const publishFrom = (applicationOptions(options, application) ?? options).publish.from;
	const addresses = server.addresses;
	return { version, addresses, localAddresses: localAddresses(), application, publishFrom, key, demo: options.demo };
}

/** What the banner says, for a log. The key itself stays out of it: logs are copied and kept. */
function logStart(server: RunningServer, key: BannerKey | undefined, version: string, log: EventLog): void {
	log.info("start", { version });
	for (const { protocol, host, port } of server.addresses) log.info("listening", { protocol, host, port });
	if (key !== undefined) log.info("publish-key", { keptIn: key.keptIn, madeNow: key.madeNow !== undefined });
}

/** The first signal is answered by a goodbye to everyone, a second one by the end of the process. */
function awaitSignal({ process, exit }: CliContext): { readonly received: Promise<string>; release(): void } {
	const { promise: received, resolve } = Promise.withResolvers<string>();
	let signals = 0;
	const listeners = SIGNALS.map(signal => {
		const listener = (): void => {
			signals += 1;
			if (signals > 1) exit(EXIT_INTERRUPTED);
			resolve(signal);
		};
		process.on(signal, listener);
		return { signal, listener };
	});
	const release = (): void => {
		for (const { signal, listener } of listeners) process.off(signal, listener);
	};
	return { received, release };
}

/** What signals do to a server that runs: one empties it, which `done` tells the end of, one renews its certificates. */
function whileRunning(
	server: RunningServer,
	{ process }: CliContext,
): { readonly done: Promise<string>; release(): void } {
	const { promise: done, resolve, reject } = Promise.withResolvers<string>();
	const drain = (): void => void server.drain().then(() => resolve(DRAIN_SIGNAL), reject);
	const reload = (): void => server.reloadCertificates();
	process.on(DRAIN_SIGNAL, drain);
	process.on(RELOAD_SIGNAL, reload);
	const release = (): void => {
		process.off(DRAIN_SIGNAL, drain);
		process.off(RELOAD_SIGNAL, reload);
	};
	return { done, release };
}

/** After an error that nobody caught nothing is certain any more: it is logged, and the process ends. */
function exitOnUncaught({ log, flush }: OpenEventLog, { process, exit }: CliContext): () => void {
	const listener = (error: unknown): void => {
		log.error("crash", { error });
		flush();
		exit(1);
	};
	for (const event of UNCAUGHT) process.on(event, listener);
	return () => {
		for (const event of UNCAUGHT) process.off(event, listener);
	};
}
