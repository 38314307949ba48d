package htmlreport_test

import "strings"

// hostile are texts that would do harm if one of them were taken for more than a text.
func hostile() []string {
	return []string{
		`<script>window.pwned=1</script>`,
		`"><img src=x onerror="window.pwned=1">`,
		`' onmouseover='window.pwned=1' x='`,
		`</style><style>body{display:none}</style>`,
		`</script><script>window.pwned=1</script>`,
		`</title></head><body onload=window.pwned=1>`,
		`<svg onload=window.pwned=1><use href="data:image/svg+xml,x#y"/></svg>`,
		`javascript:window.pwned=1//`,
		`<!--`, `-->`, `]]>`, `<![CDATA[`, `{{.Script}}`, "`${window.pwned=1}`",
		`</td></tr></table><iframe srcdoc="<script>parent.pwned=1</script>"></iframe>`,
		`&lt;script&gt;&#60;b&#62;&amp;`,
		"a\u202egnp.exe\u202c\u2066\u2069\u200b\u200f",
		"nul\x00, bell\a, escape\x1b[2J, newline\nnext, bad \xff\xfe UTF-8",
		`url(https://evil.example/x)`, `expression(alert(1))`, `https://evil.example/`,
		`<a href="javascript:window.pwned=1">x</a>`, `<base href="https://evil.example/">`, `<meta http-equiv="refresh" content="0;url=https://evil.example/">`,
		`<template shadowrootmode="open"><slot></slot></template>`, `<plaintext>`, `<textarea>`, `<form action=x><input name=attributes>`,
		strings.Repeat("<b>", 3413) + "x",
		strings.Repeat("W", 10240),
		"مجموعة-الويب שלום",
	}
}
