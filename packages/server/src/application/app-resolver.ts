import { registerHooks } from "node:module";
import { APP_MODULE, CLIENT_MODULE, TESTING_MODULE } from "./runtime-place.ts";

/** Modules with which an application could leave its bounds. */
const FORBIDDEN = /^(node:)?inspector(\/promises)?$/;

/** What `millrace/…` is. */
const MODULES: ReadonlyMap<string, string> = new Map([
	["millrace/app", APP_MODULE],
	["millrace/client", CLIENT_MODULE],
	["millrace/testing", TESTING_MODULE],
]);

/**
 * Makes `millrace/app`, `millrace/client` and `millrace/testing` mean our own modules wherever an application's folder lies, so that it
 * needs no installation.
 *
 * @param confined whether modules are refused with which code could leave Node's permission model
 */
export function registerAppResolver(confined: boolean): void {
	registerHooks({
		resolve(specifier, context, next) {
			const url = MODULES.get(specifier);
			if (url !== undefined) return { url, shortCircuit: true };
			if (confined && FORBIDDEN.test(specifier)) throw new Error(`An application cannot use ${specifier}.`);
			const found = next(specifier, context);
			const start = START_MARK.exec(context.parentURL ?? "")?.[0];
			const isOwn = found.url.startsWith("file:") && !found.url.includes("/node_modules/");
			return start !== undefined && isOwn ? { ...found, url: found.url + start } : found;
		},
	});
}

/** Which start of an application a module was loaded for. */
const START_MARK = /\?millrace-start=\d+$/;
let starts = 0;

/**
 * The address by which a file and what it imports from beside it are loaded once more, whatever has been loaded before:
 * a process keeps every module by its address. Those of packages are not loaded again.
 */
export function freshAddress(url: string): string {
	starts++;
	return `${url}?millrace-start=${starts}`;
}
