import { registerHooks } from "node:module";
import { APP_MODULE } from "./runtime-place.ts";

/** Modules with which an application could leave its bounds. */
const FORBIDDEN = /^(node:)?inspector(\/promises)?$/;

/**
 * Makes `millrace/app` mean our own module wherever an application's folder lies, so that it needs no installation.
 *
 * @param confined whether modules are refused with which code could leave Node's permission model
 */
export function registerAppResolver(confined: boolean): void {
	registerHooks({
		resolve(specifier, context, next) {
			if (specifier === "millrace/app") return { url: APP_MODULE, shortCircuit: true };
			if (confined && FORBIDDEN.test(specifier)) throw new Error(`An application cannot use ${specifier}.`);
			return next(specifier, context);
		},
	});
}
