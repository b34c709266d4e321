"""A client of PyPI speaks to `onward lsp`: diagnostics, formatting, tokens, symbols.

It uses the protocol's own types, so that an answer that is not as the protocol says fails here.
"""

import asyncio
import os
import pathlib
import tempfile

from lsprotocol import types as lsp
from pygls.lsp.client import BaseLanguageClient

BROKEN = 'event  a {x:text}\nworkflow w {\n  on a\n  do note "{{ event.nothing }}"\n}\n'


def check(what, held):
    if not held:
        raise SystemExit(f"protocol.py: {what}")


async def main():
    folder = pathlib.Path(tempfile.mkdtemp())
    (folder / "onward.toml").write_text("")
    (folder / "a.onward").write_text(BROKEN)
    uri = (folder / "a.onward").as_uri()
    client = BaseLanguageClient("onward-test", "1")
    told = asyncio.Queue()

    @client.feature(lsp.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
    def published(params: lsp.PublishDiagnosticsParams):
        told.put_nowait(params)

    await client.start_io(os.environ["ONWARD"], "lsp")
    hello = await client.initialize_async(
        lsp.InitializeParams(
            capabilities=lsp.ClientCapabilities(),
            root_uri=folder.as_uri(),
            workspace_folders=[lsp.WorkspaceFolder(uri=folder.as_uri(), name="test")],
        )
    )
    client.initialized(lsp.InitializedParams())
    check("it counts in UTF-16 unless asked otherwise", hello.capabilities.position_encoding == "utf-16")
    document = lsp.TextDocumentItem(uri=uri, language_id="onward", version=1, text=BROKEN)
    client.text_document_did_open(lsp.DidOpenTextDocumentParams(text_document=document))
    while True:
        params = await asyncio.wait_for(told.get(), 30)
        if params.uri == uri and params.version == 1:
            break
    check("the mistake is told", [it.code for it in params.diagnostics] == ["E0103"])
    identifier = lsp.TextDocumentIdentifier(uri=uri)
    edits = await client.text_document_formatting_async(
        lsp.DocumentFormattingParams(
            text_document=identifier, options=lsp.FormattingOptions(tab_size=2, insert_spaces=True)
        )
    )
    check("it formats", len(edits) > 0 and all(it.new_text.strip() == "" for it in edits))
    tokens = await client.text_document_semantic_tokens_full_async(
        lsp.SemanticTokensParams(text_document=identifier)
    )
    check("there are tokens", len(tokens.data) > 0 and len(tokens.data) % 5 == 0)
    report = await client.text_document_diagnostic_async(lsp.DocumentDiagnosticParams(text_document=identifier))
    check("what is pulled is what is pushed", report.items == params.diagnostics)
    symbols = await client.text_document_document_symbol_async(
        lsp.DocumentSymbolParams(text_document=identifier)
    )
    check("there are symbols", {"a", "w"} <= {it.name for it in symbols})
    await client.shutdown_async(None)
    client.exit(None)
    print("protocol.py: all well")


asyncio.run(main())
