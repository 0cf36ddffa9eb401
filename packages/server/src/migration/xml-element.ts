import { XMLParser, XMLValidator } from "fast-xml-parser";
import { faultAt, type OldFile } from "./old-file.ts";

/** An element of an XML file, with its place. */
export type XmlElement = {
	readonly name: string;
	readonly attributes: ReadonlyMap<string, string>;
	/** All text directly in it, without space around it. */
	readonly text: string;
	readonly children: readonly XmlElement[];
	/** The line of its opening tag, from 1. */
	readonly line: number;
};

const parser = new XMLParser({
	preserveOrder: true,
	ignoreAttributes: false,
	attributeNamePrefix: "",
	parseTagValue: false,
	parseAttributeValue: false,
	processEntities: false,
	htmlEntities: false,
	ignoreDeclaration: true,
	ignorePiTags: true,
	captureMetaData: true,
});
const META = XMLParser.getMetaDataSymbol() as unknown as symbol;

/**
 * Reads an XML file. Entities of its own, which a document type could bring, stay text as they stand.
 *
 * @returns its root element
 * @throws ConfigError with the line where it is no XML
 */
export function parseXml({ text, shownAs }: OldFile): XmlElement {
	const verdict = XMLValidator.validate(text);
	if (verdict !== true) throw faultAt(shownAs, verdict.err.line, `this is no XML: ${verdict.err.msg}`);
	let nodes: readonly Node[];
	try {
		nodes = parser.parse(text) as readonly Node[];
	} catch (error) {
		throw faultAt(shownAs, undefined, `this is no XML that can be read: ${(error as Error).message}`);
	}
	const lines = new LineIndex(text);
	const elements = elementsOf(nodes, lines);
	const [root] = elements;
	if (root === undefined || elements.length > 1) throw faultAt(shownAs, 1, "this is no XML: it needs one root element");
	return root;
}

/** The first child of that name. */
export function childOf(element: XmlElement | undefined, name: string): XmlElement | undefined {
	return element?.children.find(child => child.name === name);
}

/** An element as XML, its children with it. */
export function writeXml({ name, attributes, text, children }: XmlElement): string {
	const written = [...attributes].map(([key, value]) => ` ${key}="${escapeXml(value)}"`).join("");
	return `<${name}${written}>${escapeXml(text)}${children.map(writeXml).join("")}</${name}>`;
}

/** As the library gives it: the one key that is neither `:@` nor a symbol is the element's name, its value the content. */
type Node = Readonly<Record<string, unknown>> & { readonly [META]?: { readonly startIndex: number } };

function elementsOf(nodes: readonly Node[], lines: LineIndex): XmlElement[] {
	return nodes.flatMap(node => {
		const name = Object.keys(node).find(key => key !== ":@");
		if (name === undefined || name === "#text") return [];
		const content = node[name] as readonly Node[];
		const attributes = Object.entries((node[":@"] ?? {}) as Record<string, string>);
		return [
			{
				name,
				attributes: new Map(attributes.map(([key, value]) => [key, decodeEntities(value).trim()])),
				text: decodeEntities(content.map(child => String(child["#text"] ?? "")).join("")).trim(),
				children: elementsOf(content, lines),
				line: lines.lineAt(node[META]?.startIndex ?? 0),
			},
		];
	});
}

class LineIndex {
	readonly #starts: number[] = [0];

	constructor(text: string) {
		for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) this.#starts.push(at + 1);
	}

	lineAt(offset: number): number {
		const next = this.#starts.findIndex(start => start > offset);
		return next < 0 ? this.#starts.length : next;
	}
}

const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

function decodeEntities(text: string): string {
	return text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(lt|gt|amp|quot|apos));/gi, (whole, decimal, hex, name) => {
		if (name !== undefined) return ENTITIES[name.toLowerCase()] ?? whole;
		const code = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal);
		return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
	});
}

function escapeXml(text: string): string {
	return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
