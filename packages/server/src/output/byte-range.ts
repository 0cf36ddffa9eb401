/** A part of a file: from its first byte to before `end`. */
export type ByteRange = { readonly start: number; readonly end: number };

/**
 * The part that a `Range` header asks for (RFC 9110 §14.1.2). `undefined`: the whole, because there is no header, it
 * cannot be read, or asks for several parts, which a server may leave; `"unsatisfiable"`: no byte of it is there.
 */
export function parseRange(header: string | undefined, size: number): ByteRange | "unsatisfiable" | undefined {
	const [, first = "", last = ""] = /^bytes=[ \t]*(\d*)-(\d*)[ \t]*$/i.exec(header ?? "") ?? [];
	if (first === "" && last === "") return undefined;
	if (first === "") {
		const count = Number(last);
		return count === 0 || size === 0 ? "unsatisfiable" : { start: Math.max(0, size - count), end: size };
	}
	const start = Number(first);
	if (last !== "" && Number(last) < start) return undefined;
	if (start >= size) return "unsatisfiable";
	return { start, end: last === "" ? size : Math.min(size, Number(last) + 1) };
}
