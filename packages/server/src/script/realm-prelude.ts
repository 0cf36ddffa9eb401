/**
 * What runs in a realm before scripts do: it makes the functions by which scripts reach the host, so that every function
 * and object that a script sees is the realm's own. `callHost` never throws but
 * where the stack is full; then its error would be the host's, and the realm throws its own instead.
 *
 * Globals that JavaScript 1.5 did not have are removed: old scripts define their own `Map` or ask for `typeof JSON`.
 * What is new on prototypes stays, for nobody can tell it from what scripts put there; but `toTemporalInstant` V8 makes,
 * when it is first asked for, in the host instead of the realm. Stacks are longer than V8 makes them, for calls of the
 * host's stand between those of scripts, and scripts cannot have them as objects, which lead to the host's functions.
 */
export const REALM_PRELUDE = `(function (callHost, keep) {
	"use strict";
	const { create, defineProperty, getOwnPropertyNames } = Object;
	const Overflow = RangeError;
	const failed = { thrown: undefined };
	const made = { Object, Array, Date, Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError };
	const global = globalThis;
	const { deleteProperty } = Reflect;
	for (const name of getOwnPropertyNames(global)) if (!keep.includes(name)) deleteProperty(global, name);
	delete made.Date.prototype.toTemporalInstant;
	Error.stackTraceLimit = 50;
	defineProperty(Error, "prepareStackTrace", {});
	function call(host, self, args) {
		let result;
		try {
			result = callHost(host, self, args);
		} catch {
			throw new Overflow("Maximum call stack size exceeded");
		}
		if (result !== failed) return result;
		const { thrown } = failed;
		failed.thrown = undefined;
		throw thrown;
	}
	const patterns = create(null);
	return {
		made,
		failed,
		makeFunction: (name, host) => ({ [name](...args) { return call(host, this, args); } })[name],
		makeClass(name, host) {
			const type = { [name]: function (...args) {
				const self = new.target !== undefined || this instanceof type ? this : create(type.prototype);
				call(host, self, args);
				return self;
			} }[name];
			defineProperty(type, "prototype", { writable: false });
			return type;
		},
		each: { *values(object) { for (const key in object) yield object[key]; } }.values,
		pattern: (site, literal) => (patterns[site] ??= literal),
	};
})`;

/** The globals of ECMAScript 3 and JavaScript 1.5. */
export const OLD_GLOBALS: readonly string[] = [
	"Array",
	"Boolean",
	"Date",
	"Error",
	"EvalError",
	"Function",
	"Infinity",
	"Math",
	"NaN",
	"Number",
	"Object",
	"RangeError",
	"ReferenceError",
	"RegExp",
	"String",
	"SyntaxError",
	"TypeError",
	"URIError",
	"decodeURI",
	"decodeURIComponent",
	"encodeURI",
	"encodeURIComponent",
	"escape",
	"eval",
	"isFinite",
	"isNaN",
	"parseFloat",
	"parseInt",
	"undefined",
	"unescape",
];
