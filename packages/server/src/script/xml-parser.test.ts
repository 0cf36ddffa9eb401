import { describe, expect, it } from "vitest";
import { ELEMENT, XmlNode } from "./xml-node.ts";
import { MAX_XML_DEPTH, parseXml } from "./xml-parser.ts";

/** What a text is read as, written out again. */
const again = (text: string, ignoreWhite = false) =>
	parseXml(text, ignoreWhite)
		.nodes.map(node => node.toString())
		.join("");

describe("the parser of ActionScript's XML", () => {
	it.each([
		["<a/>", 0],
		["", 0],
		["only text", 0],
		["<a><![CDATA[ x </a>", -2],
		['<?xml version="1.0"', -3],
		["<!DOCTYPE a [<!ELEMENT a (#PCDATA)>", -4],
		["<a><!-- x </a>", -5],
		["<>", -6],
		["<a b></a>", -6],
		["<a b=c></a>", -6],
		["<a", -6],
		["</a", -6],
		["<a>".repeat(MAX_XML_DEPTH + 1), -7],
		['<a b="c></a>', -8],
		["<a><b></b>", -9],
		["<a></b></a>", -10],
		["</a>", -10],
		["<BOOK>Colin Moock</AUTHOR></BOOK>", -10],
	])("gives %j the status %d", (text, status) => {
		expect(parseXml(text, false).status).toBe(status);
	});

	it("keeps what stands before the place where a text is broken", () => {
		const { nodes, status } = parseXml("<a/><b><c>", false);
		expect(status).toBe(-9);
		expect(nodes.map(String)).toEqual(["<a />", "<b><c /></b>"]);
		expect(nodes.every(node => node.parent === null)).toBe(true);
	});

	it("reads every prefix of a text to an end", () => {
		const text = `<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x "y>">]><r a='1'>t<!--c--><![CDATA[<d>]]><e/>&lt;</r>`;
		for (let length = 0; length < text.length; length++) {
			expect(() => parseXml(text.slice(0, length), true)).not.toThrow();
		}
		expect(parseXml(text, true).status).toBe(0);
	});

	it("leaves out white space between elements where it is told to, and nothing else", () => {
		expect(again("<a>\n\t<b> x </b>\r\n</a>", true)).toBe("<a><b> x </b></a>");
		expect(again("<a>\n<b/></a>")).toBe("<a>\n<b /></a>");
	});

	it("knows the entities of XML, a hard space and numbers, and leaves others as they stand", () => {
		const [node] = parseXml('<a b="&quot;&#65;">&lt;&amp;&apos;&#x42;&nbsp;&uuml;&#0;</a>', false).nodes;
		expect(node!.attributes["b"]).toBe('"A');
		expect(node!.children[0]!.value).toBe("<&'B\u00a0&uuml;&#0;");
	});

	it("keeps the declarations as they stood and leaves comments and instructions out", () => {
		const text = '\ufeff<?xml version="1.0" ?><?php x ?><!DOCTYPE a SYSTEM "x>y"><a>1<!-- 2 -->3</a>';
		const { xmlDecl, docTypeDecl, nodes } = parseXml(text, false);
		expect([xmlDecl, docTypeDecl]).toEqual(['<?xml version="1.0" ?>', '<!DOCTYPE a SYSTEM "x>y">']);
		expect(nodes[0]!.children.map(child => child.value)).toEqual(["1", "3"]);
	});

	it("takes a section of CDATA as a text", () => {
		expect(again("<a><![CDATA[<b>&amp;]]></a>")).toBe("<a>&lt;b&gt;&amp;amp;</a>");
	});

	it("keeps the first of two attributes of a name, and names that objects have by birth", () => {
		const [node] = parseXml('<a b="1" b="2" __proto__="3" constructor="4"/>', false).nodes;
		expect(Object.entries(node!.attributes)).toEqual([
			["b", "1"],
			["__proto__", "3"],
			["constructor", "4"],
		]);
	});
});

describe("a node of ActionScript's XML", () => {
	const [root] = parseXml('<r xmlns="d" xmlns:p="n"><p:a/><b/>t</r>', false).nodes as [XmlNode];

	it("knows its neighbours and what its prefix stands for", () => {
		const [a, b, t] = root.children as [XmlNode, XmlNode, XmlNode];
		expect([a.sibling(-1), a.sibling(1), t.sibling(1), root.sibling(1)]).toEqual([null, b, null, null]);
		expect([a.namespaceFor("p"), b.namespaceFor(""), b.namespaceFor("q")]).toEqual(["n", "d", null]);
		expect([a.prefixFor("n"), a.prefixFor("d"), a.prefixFor("z")]).toEqual(["p", "", null]);
	});

	it("moves between parents but never below itself", () => {
		const tree = root.clone(true);
		const [a, b] = tree.children as [XmlNode, XmlNode];
		expect(a.insert(b, null)).toBe(true);
		expect(String(tree)).toBe('<r xmlns="d" xmlns:p="n"><p:a><b /></p:a>t</r>');
		expect([b.insert(tree, null), a.insert(a, null), tree.insert(new XmlNode(ELEMENT, "c"), b)]).toEqual([
			false,
			false,
			false,
		]);
		expect(tree.insert(b, a)).toBe(true);
		expect(String(tree)).toBe('<r xmlns="d" xmlns:p="n"><b /><p:a />t</r>');
		expect(String(root)).toBe('<r xmlns="d" xmlns:p="n"><p:a /><b />t</r>');
	});
});
