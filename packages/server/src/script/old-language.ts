/**
 * Runs in a realm before its prelude, for it keeps what that removes: what SpiderMonkey's JavaScript 1.5 has, or does
 * otherwise than V8, apart from syntax. Gives a function which is told how texts become code.
 *
 * - Functions that sort by `a > b`: V8's order would not change at all.
 * - Flags as the last argument of `replace`, `match` and `search`.
 * - `watch` and `unwatch`, by accessors.
 * - `InternalError`, which is thrown where functions call each other too deep; that V8's is one `instanceof` alone says.
 * - `Function`, and `eval` under another name than its own, which take texts in the old dialect. That `eval(text)` sees
 *   the variables around it depends on V8's own function, which stands in a scope of its own: the property of the
 *   global object is another. `constructor` of functions of later kinds, which compile texts too, is `Function`.
 */
export const OLD_LANGUAGE = `let eval = this.eval;
(function (evaluate) {
	"use strict";
	const { create, defineProperty, getOwnPropertyDescriptor, getPrototypeOf, setPrototypeOf } = Object;
	const { apply } = Reflect;
	const global = globalThis;
	const put = (object, name, value) => defineProperty(object, name, { value, writable: true, configurable: true });
	const putAll = (object, members) => { for (const name in members) put(object, name, members[name]); };

	const { sort } = Array.prototype;
	const inOrder = compare => (a, b) => {
		const order = compare(a, b);
		if (typeof order !== "boolean") return order;
		return order ? 1 : compare(b, a) === true ? -1 : 0;
	};
	putAll(Array.prototype, {
		sort(compare) {
			return apply(sort, this, [typeof compare === "function" ? inOrder(compare) : compare]);
		},
	});

	const Pattern = RegExp;
	const { match, replace, search } = String.prototype;
	const literal = text => apply(replace, text, [/[\\\\^$.*+?()[\\]{}|]/g, "\\\\$&"]);
	const flagged = (pattern, flags) =>
		flags === undefined || pattern instanceof Pattern ? pattern : new Pattern(pattern, flags);
	putAll(String.prototype, {
		match(pattern, flags) { return apply(match, this, [flagged(pattern, flags)]); },
		search(pattern, flags) { return apply(search, this, [flagged(pattern, flags)]); },
		replace(pattern, by, flags) {
			const isText = flags !== undefined && !(pattern instanceof Pattern);
			return apply(replace, this, [isText ? new Pattern(literal(\`\${pattern}\`), flags) : pattern, by]);
		},
	});

	const watches = new WeakMap();
	const watchOf = (object, name) => {
		const { get } = getOwnPropertyDescriptor(object, name) ?? {};
		return get && watches.get(get);
	};
	putAll(Object.prototype, {
		watch(name, handler) {
			if (typeof handler !== "function") throw new TypeError("watch needs a function");
			const known = watchOf(this, name);
			if (known !== undefined) return void (known.handler = handler);
			const watch = { value: this[name], handler, isCalled: false };
			const get = () => watch.value;
			watches.set(get, watch);
			const { enumerable = true } = getOwnPropertyDescriptor(this, name) ?? {};
			defineProperty(this, name, { get, set(value) {
				// What the handler itself assigns is not told to it.
				if (watch.isCalled) return void (watch.value = value);
				watch.isCalled = true;
				try {
					watch.value = apply(watch.handler, this, [name, watch.value, value]);
				} finally {
					watch.isCalled = false;
				}
			}, enumerable, configurable: true });
		},
		unwatch(name) {
			const watch = watchOf(this, name);
			if (watch === undefined) return;
			const { enumerable } = getOwnPropertyDescriptor(this, name);
			defineProperty(this, name, { value: watch.value, writable: true, enumerable, configurable: true });
		},
	});

	const { isPrototypeOf } = Object.prototype;
	const Overflow = RangeError;
	function InternalError(message) {
		const error = new Error(message);
		setPrototypeOf(error, InternalError.prototype);
		return error;
	}
	InternalError.prototype = create(Error.prototype);
	putAll(InternalError.prototype, { constructor: InternalError, name: "InternalError" });
	defineProperty(InternalError, Symbol.hasInstance, { value: error =>
		apply(isPrototypeOf, InternalError.prototype, [error]) ||
		(error instanceof Overflow && error.message === "Maximum call stack size exceeded") });

	const functions = Function.prototype;
	return code => {
		function Function(...parts) {
			const body = parts.length === 0 ? "" : parts.pop();
			return evaluate(code(\`(function anonymous(\${parts}) {\${body}\\n})\`));
		}
		defineProperty(Function, "prototype", { value: functions, writable: false });
		put(functions, "constructor", Function);
		for (const later of [function* () {}, async function () {}, async function* () {}]) {
			delete getPrototypeOf(later).constructor;
		}
		const named = text => (typeof text === "string" ? evaluate(code(text)) : text);
		defineProperty(named, "name", { value: "eval" });
		putAll(global, { Function, InternalError, eval: named });
		return named;
	};
})(eval)`;
