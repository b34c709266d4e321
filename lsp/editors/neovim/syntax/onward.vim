" Plain colours for where tree-sitter has no parser of Onward. It knows words, not places.
if exists('b:current_syntax') | finish | endif

syntax iskeyword @,48-57,_,192-255
syntax keyword onwardDeclaration event entity template sender team segment policy source action workflow test
syntax keyword onwardClause on once every exit while running goal holdout within topic draft where as for about of per
syntax keyword onwardStep do wait if else stop split repeat let until up to times
syntax keyword onwardOperator and or not in is set missing starts ends with matches between ago
syntax match onwardOperator /\<contains\>/
syntax keyword onwardItem post get put patch delete header form json body smtp expect result retry when unsure timeout verify
syntax keyword onwardConstant true false now today
syntax match onwardNumber /\<\d[0-9_]*\(\.\d\+\)\?\(\s*\(seconds\?\|sec\|minutes\?\|min\|months\?\|hours\?\|days\?\|weeks\?\|years\?\|[smhdwy]\)\>\)\?%\?/
syntax match onwardNumber /\<\d\{4}-\d\d-\d\d\>\|\<\d\d:\d\d\(:\d\d\)\?\>/
syntax match onwardKey /\<\h\w*\ze\s*:/
syntax match onwardMember /\.\s*\zs\h\w*/
syntax match onwardEscape /\\./ contained
syntax region onwardHole matchgroup=onwardMark start=/{{/ end=/}}/ contained contains=TOP
syntax region onwardTag matchgroup=onwardMark start=/{%/ end=/%}/ contained contains=TOP
syntax region onwardString start=/"/ skip=/\\./ end=/"\|$/ contains=onwardEscape,onwardHole,onwardTag
syntax region onwardString start=/"""/ end=/"""/ contains=onwardEscape,onwardHole,onwardTag
syntax match onwardComment /#.*$/
syntax match onwardDoc /##\([^#].*\)\?$/

highlight default link onwardDeclaration Keyword
highlight default link onwardClause Keyword
highlight default link onwardStep Statement
highlight default link onwardOperator Keyword
highlight default link onwardItem Keyword
highlight default link onwardConstant Boolean
highlight default link onwardNumber Number
highlight default link onwardKey Identifier
highlight default link onwardMember Identifier
highlight default link onwardEscape SpecialChar
highlight default link onwardMark Special
highlight default link onwardString String
highlight default link onwardComment Comment
highlight default link onwardDoc SpecialComment

let b:current_syntax = 'onward'
