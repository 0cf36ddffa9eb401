import { encodeVariable } from "./http-loader.ts";

/** The variables of a query or form text, in order; what is not well escaped stays as it is. */
export function parseVariables(text: string): [name: string, value: string][] {
	return text
		.split("&")
		.filter(part => part !== "")
		.map(part => {
			const [name = "", ...value] = part.split("=");
			return [unescapeVariable(name), unescapeVariable(value.join("="))];
		});
}

/** Variables as a query or form text. */
export function formatVariables(variables: Iterable<readonly [name: string, value: string]>): string {
	return Array.from(variables, ([name, value]) => `${encodeVariable(name)}=${encodeVariable(value)}`).join("&");
}

function unescapeVariable(text: string): string {
	const spaced = text.replaceAll("+", " ");
	try {
		return decodeURIComponent(spaced);
	} catch {
		return spaced.replace(/%([0-9a-f]{2})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
	}
}
