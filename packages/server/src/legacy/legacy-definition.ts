import { existsSync } from "node:fs";
import { join } from "node:path";
import type { AnyDefinition, Application, Client } from "../application/index.ts";
import { ScriptError } from "../script/index.ts";
import type { Verdict } from "./admission.ts";
import { readApplicationXml } from "./application-xml.ts";
import { LegacyRuntime } from "./legacy-runtime.ts";

/** Where an old application lies. */
export type LegacyPlace = {
	/** Its main file, absolute. */
	readonly main: string;
	/** Its folder, absolute: the main file lies in it, or in its folder `scripts`. */
	readonly folder: string;
};

/** Calls of the old conventions that scripts may have functions for. */
const CONVENTIONS = [
	"releaseStream",
	"FCPublish",
	"FCUnpublish",
	"FCSubscribe",
	"FCUnsubscribe",
	"getStreamLength",
	"checkBandwidth",
];

/**
 * An application of the old server as one of ours: each instance is a realm of its own, in which the main file is run
 * when the instance starts. Throws an `Error` where `Application.xml` cannot be read.
 */
export function legacyDefinition({ main, folder }: LegacyPlace): AnyDefinition {
	const xml = readApplicationXml(folder);
	const runtimes = new WeakMap<Application, LegacyRuntime>();
	const of = ({ app }: Client) => runtimes.get(app)!;
	return {
		serverCalls: CONVENTIONS,
		...(xml.turnMillis !== undefined && { turnMillis: xml.turnMillis }),
		onStart(app) {
			const runtime = new LegacyRuntime({ app, folder, xml });
			runMain(runtime, main, folder);
			runtimes.set(app, runtime);
			runtime.start();
		},
		onIdle: app => runtimes.get(app)?.isDone(),
		onLowMemory: (app, memory) => runtimes.get(app)?.tellLowMemory(memory),
		onShutdown: (app, reason) => runtimes.get(app)?.stop(reason === "idle"),
		onConnect(client, ...args) {
			const decision = (verdict: Verdict) => (verdict === "accepted" ? undefined : verdict);
			const verdict = of(client).connect(client, args);
			return verdict instanceof Promise ? verdict.then(decision) : decision(verdict);
		},
		onDisconnect: client => of(client).disconnect(client),
		onPublish: (client, stream) => of(client).publish(client, stream),
		onUnpublish: (client, stream) => of(client).unpublish(client, stream),
		onCall: (client, name, ...args) => of(client).call(client, name, args),
	};
}

/** Throws an error with the script's place where the file cannot be run: the instance does not start then. */
function runMain({ realm }: LegacyRuntime, main: string, folder: string): void {
	try {
		const secure = join(folder, "secure.asc");
		if (existsSync(secure)) realm.runSecureFile(secure);
		realm.runFile(main);
	} catch (error) {
		realm.close();
		if (!(error instanceof ScriptError)) throw error;
		const { fault } = error;
		const failure = new Error(error.message);
		failure.stack = `${fault.file}:${fault.line}: ${fault.stack === "" ? fault.message : fault.stack}`;
		throw failure;
	}
}
