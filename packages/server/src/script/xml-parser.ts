import { ELEMENT, TEXT, type XmlAttributes, XmlNode } from "./xml-node.ts";

/** What ActionScript's `XML.status` says of a text. */
export const XML_STATUS = {
	ok: 0,
	unclosedCdata: -2,
	unclosedDeclaration: -3,
	unclosedDocumentType: -4,
	unclosedComment: -5,
	malformedElement: -6,
	/** Flash means memory; here a text that nests deeper than `MAX_XML_DEPTH`. */
	tooLarge: -7,
	unclosedAttribute: -8,
	/** A start tag without its end tag. */
	unclosedElement: -9,
	/** An end tag without its start tag. */
	unmatchedEndTag: -10,
} as const;

/** Elements within elements. */
export const MAX_XML_DEPTH = 500;

export type XmlText = {
	readonly status: number;
	/** The nodes of the outermost level; where the text is broken, those before the place. */
	readonly nodes: readonly XmlNode[];
	/** The `<?xml … ?>` as it stood. */
	readonly xmlDecl: string | undefined;
	/** The `<!DOCTYPE … >` as it stood. */
	readonly docTypeDecl: string | undefined;
};

/**
 * Reads a text as Flash's `XML.parseXML` does: not validating, without entities of its own, texts beside elements
 * allowed anywhere. `ignoreWhite` leaves out texts of nothing but white space. Never throws.
 */
export function parseXml(text: string, ignoreWhite: boolean): XmlText {
	return new Parser(text, ignoreWhite).parse();
}

const WHITE = /^\s*$/;
const NAME = /[^\s/>=]+/y;
const SPACE = /\s*/y;
const END_TAG = /<\/([^>]*)>/y;
/** With an internal subset in brackets, where more `>` may stand. */
const DOCUMENT_TYPE = /<!DOCTYPE(?:[^[\]>"']|"[^"]*"|'[^']*'|\[[^\]]*\])*>/iy;

class Parser {
	readonly #text: string;
	readonly #ignoreWhite: boolean;
	readonly #document = new XmlNode(ELEMENT, null);
	#open = this.#document;
	#depth = 0;
	#at = 0;
	#xmlDecl: string | undefined;
	#docTypeDecl: string | undefined;

	constructor(text: string, ignoreWhite: boolean) {
		this.#text = text.startsWith("\ufeff") ? text.slice(1) : text;
		this.#ignoreWhite = ignoreWhite;
	}

	parse(): XmlText {
		let status: number = XML_STATUS.ok;
		while (status === XML_STATUS.ok && this.#at < this.#text.length) status = this.#next();
		if (status === XML_STATUS.ok && this.#open !== this.#document) status = XML_STATUS.unclosedElement;
		const nodes = [...this.#document.children];
		for (const node of nodes) node.parent = null;
		return { status, nodes, xmlDecl: this.#xmlDecl, docTypeDecl: this.#docTypeDecl };
	}

	/** Takes the next piece. Returns the status. */
	#next(): number {
		const text = this.#text;
		if (text[this.#at] !== "<") return this.#readText();
		if (text.startsWith("<!--", this.#at))
			return this.#skipTo("<!--", "-->", XML_STATUS.unclosedComment) ?? XML_STATUS.ok;
		if (text.startsWith("<![CDATA[", this.#at)) return this.#readCdata();
		if (text.startsWith("<?", this.#at)) return this.#readDeclaration();
		if (/^<!DOCTYPE/i.test(text.slice(this.#at, this.#at + 9))) return this.#readDocumentType();
		if (text.startsWith("</", this.#at)) return this.#readEndTag();
		return this.#readStartTag();
	}

	#readText(): number {
		const end = this.#text.indexOf("<", this.#at);
		const text = this.#text.slice(this.#at, end < 0 ? undefined : end);
		this.#at += text.length;
		if (!(this.#ignoreWhite && WHITE.test(text))) this.#add(new XmlNode(TEXT, unescapeXml(text)));
		return XML_STATUS.ok;
	}

	#readCdata(): number {
		const start = this.#at + "<![CDATA[".length;
		const broken = this.#skipTo("<![CDATA[", "]]>", XML_STATUS.unclosedCdata);
		if (broken !== undefined) return broken;
		this.#add(new XmlNode(TEXT, this.#text.slice(start, this.#at - "]]>".length)));
		return XML_STATUS.ok;
	}

	#readDeclaration(): number {
		const start = this.#at;
		const broken = this.#skipTo("<?", "?>", XML_STATUS.unclosedDeclaration);
		if (broken !== undefined) return broken;
		const declaration = this.#text.slice(start, this.#at);
		if (/^<\?xml\s/i.test(declaration)) this.#xmlDecl = (this.#xmlDecl ?? "") + declaration;
		return XML_STATUS.ok;
	}

	#readDocumentType(): number {
		const declaration = this.#match(DOCUMENT_TYPE);
		if (declaration === undefined) return XML_STATUS.unclosedDocumentType;
		this.#docTypeDecl = declaration[0];
		return XML_STATUS.ok;
	}

	#readEndTag(): number {
		const tag = this.#match(END_TAG);
		if (tag === undefined) return XML_STATUS.malformedElement;
		if (this.#open === this.#document || tag[1]!.trim() !== this.#open.name) return XML_STATUS.unmatchedEndTag;
		this.#open = this.#open.parent!;
		this.#depth--;
		return XML_STATUS.ok;
	}

	#readStartTag(): number {
		this.#at++;
		const name = this.#match(NAME);
		if (name === undefined) return XML_STATUS.malformedElement;
		const element = new XmlNode(ELEMENT, name[0], Object.create(null) as XmlAttributes);
		for (;;) {
			this.#match(SPACE);
			const text = this.#text;
			if (text[this.#at] === ">") {
				this.#at++;
				this.#add(element);
				this.#open = element;
				return ++this.#depth > MAX_XML_DEPTH ? XML_STATUS.tooLarge : XML_STATUS.ok;
			}
			if (text.startsWith("/>", this.#at)) {
				this.#at += 2;
				this.#add(element);
				return XML_STATUS.ok;
			}
			const status = this.#readAttribute(element.attributes);
			if (status !== XML_STATUS.ok) return status;
		}
	}

	#readAttribute(attributes: XmlAttributes): number {
		const name = this.#match(NAME);
		this.#match(SPACE);
		if (name === undefined || this.#text[this.#at] !== "=") return XML_STATUS.malformedElement;
		this.#at++;
		this.#match(SPACE);
		const quote = this.#text[this.#at];
		if (quote !== '"' && quote !== "'") return XML_STATUS.malformedElement;
		const start = this.#at + 1;
		const end = this.#text.indexOf(quote, start);
		if (end < 0) return XML_STATUS.unclosedAttribute;
		this.#at = end + 1;
		// Of two of a name Flash keeps the first.
		if (!(name[0] in attributes)) attributes[name[0]] = unescapeXml(this.#text.slice(start, end));
		return XML_STATUS.ok;
	}

	#add(node: XmlNode): void {
		node.parent = this.#open;
		this.#open.children.push(node);
	}

	/** Goes behind `end`; where it does not come, to the end of the text, and returns `status`. */
	#skipTo(start: string, end: string, status: number): number | undefined {
		const found = this.#text.indexOf(end, this.#at + start.length);
		this.#at = found < 0 ? this.#text.length : found + end.length;
		return found < 0 ? status : undefined;
	}

	#match(pattern: RegExp): RegExpExecArray | undefined {
		pattern.lastIndex = this.#at;
		const match = pattern.exec(this.#text);
		if (match === null) return undefined;
		this.#at += match[0].length;
		return match;
	}
}

/** What an entity stands for: the five of XML, a hard space, which Flash knows too, and numbers. Others stay as they are. */
function unescapeXml(text: string): string {
	if (!text.includes("&")) return text;
	return text.replace(/&(?:#x([0-9a-f]{1,6})|#([0-9]{1,7})|([a-z]+));/gi, (whole, hex, decimal, name) => {
		if (name !== undefined) return ENTITIES[name] ?? whole;
		const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
		return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
	});
}

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0" };
