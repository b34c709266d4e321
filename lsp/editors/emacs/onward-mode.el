;;; onward-mode.el --- Rules for customer workflows -*- lexical-binding: t -*-

;; Version: 0.1.0
;; Package-Requires: ((emacs "27.1"))
;; Keywords: languages
;; SPDX-License-Identifier: Apache-2.0

;;; Commentary:

;; Colours, indents and lists the declarations of .onward files, and tells Eglot
;; and lsp-mode to start `onward lsp'.  What a name means is for the server.

;;; Code:

(require 'imenu)

(defgroup onward nil "Rules for customer workflows." :group 'languages)

(defcustom onward-indent-offset 2 "By how much a block is indented." :type 'integer :safe #'integerp)

(defcustom onward-command '("onward" "lsp") "What starts the language server." :type '(repeat string))

(defvar onward-mode-syntax-table
  (let ((table (make-syntax-table)))
    (modify-syntax-entry ?# "<" table)
    (modify-syntax-entry ?\n ">" table)
    (modify-syntax-entry ?\" "\"" table)
    (modify-syntax-entry ?_ "_" table)
    (modify-syntax-entry ?% "." table)
    (modify-syntax-entry ?| "." table)
    table)
  "Comments from `#' to the end of the line, texts in double quotes.")

(defconst onward--declarations
  '("event" "entity" "template" "sender" "team" "segment" "policy" "source" "action" "workflow" "test"))

(defconst onward--words
  '("on" "once" "every" "exit" "while" "running" "goal" "holdout" "within" "draft" "topic" "where" "as" "for" "about"
    "of" "per" "do" "wait" "if" "else" "stop" "split" "repeat" "let" "until" "up" "times" "and" "or" "not" "in" "is"
    "missing" "contains" "starts" "ends" "with" "matches" "between" "ago" "retry" "when" "unsure" "expect" "after" "at"
    "verify" "end"))

(defconst onward--key "\\_<\\(?:\\sw\\|\\s_\\)+\\_>\\(?:[ \t]*:\\)")

(defconst onward-font-lock-keywords
  `(("^[ \t]*\\(##\\)\\(?:[^#\n].*\\)?$" 0 font-lock-doc-face t)
    (,(concat "^[ \t]*" (regexp-opt onward--declarations 'symbols) "[ \t]+\\(\\(?:\\sw\\|\\s_\\|\\.\\)+\\)")
     (1 font-lock-keyword-face) (2 font-lock-type-face))
    ("\\_<\\(do\\)[ \t]+\\(\\(?:\\sw\\|\\s_\\|\\.\\)+\\)" (1 font-lock-keyword-face) (2 font-lock-function-name-face))
    ;; No word is a keyword before `:' or after a dot.
    (,onward--key 0 font-lock-variable-name-face)
    ("\\.\\(\\(?:\\sw\\|\\s_\\)+\\)" 1 font-lock-variable-name-face)
    (,(regexp-opt '("true" "false" "now" "today") 'symbols) . font-lock-constant-face)
    (,(regexp-opt (append onward--declarations onward--words) 'symbols) . font-lock-keyword-face)
    ("|[ \t]*\\(\\(?:\\sw\\|\\s_\\)+\\)" 1 font-lock-function-name-face)
    ("\\_<[0-9][0-9_.:-]*\\(?:[ \t]*\\(?:seconds?\\|sec\\|minutes?\\|min\\|months?\\|hours?\\|days?\\|weeks?\\|years?\\|[smhdwy]\\)\\_>\\)?"
     0 font-lock-constant-face)
    ("{{\\|}}\\|{%\\|%}" 0 font-lock-preprocessor-face t))
  "Colours for where the language server sends none.")

(defconst onward-imenu
  (append
   (mapcar (lambda (it) (list (capitalize it) (concat "^" it "[ \t]+\\(\\(?:\\sw\\|\\s_\\|\\.\\)+\\)") 1))
           (delete "policy" (delete "test" (copy-sequence onward--declarations))))
   '(("Test" "^test[ \t]+\"\\([^\"]*\\)\"" 1))))

(defun onward--propertize (start end)
  "Let three quotes enclose one text between START and END."
  (goto-char start)
  (when (nth 3 (syntax-ppss)) (onward--end-block end))
  (while (re-search-forward "\"\"\"" end t)
    (let ((begin (match-beginning 0)))
      (unless (nth 8 (save-excursion (syntax-ppss begin)))
        (put-text-property begin (1+ begin) 'syntax-table (string-to-syntax "|"))
        (put-text-property (1+ begin) (+ 3 begin) 'syntax-table (string-to-syntax "."))
        (onward--end-block end)))))

(defun onward--end-block (end)
  "Mark the quotes before END that end the text in which point is."
  (when (eq (nth 3 (syntax-ppss)) t)
    (when (re-search-forward "\"\"\"" end t)
      (put-text-property (- (point) 1) (point) 'syntax-table (string-to-syntax "|"))
      (put-text-property (- (point) 3) (- (point) 1) 'syntax-table (string-to-syntax ".")))))

(defun onward-indent-line ()
  "Indent by the number of brackets that are open; leave texts as they are."
  (interactive)
  (let* ((state (save-excursion (syntax-ppss (line-beginning-position))))
         (depth (car state)))
    (unless (nth 3 state)
      (save-excursion
        (back-to-indentation)
        (when (looking-at-p "[])}]") (setq depth (1- depth))))
      (let ((from-end (- (point-max) (point))))
        (indent-line-to (* onward-indent-offset (max 0 depth)))
        (when (> (- (point-max) from-end) (point)) (goto-char (- (point-max) from-end)))))))

;;;###autoload
(define-derived-mode onward-mode prog-mode "Onward"
  "Major mode for rules of customer workflows."
  (setq-local comment-start "# "
              comment-start-skip "#+ *"
              comment-end ""
              indent-tabs-mode nil
              indent-line-function #'onward-indent-line
              syntax-propertize-function #'onward--propertize
              imenu-generic-expression onward-imenu
              electric-indent-chars (append "]})" electric-indent-chars)
              font-lock-defaults '(onward-font-lock-keywords)))

;;;###autoload
(add-to-list 'auto-mode-alist '("\\.onward\\'" . onward-mode))

(defvar eglot-server-programs)
(with-eval-after-load 'eglot
  (add-to-list 'eglot-server-programs (cons 'onward-mode onward-command)))

(defvar lsp-language-id-configuration)
(declare-function lsp-register-client "ext:lsp-mode")
(declare-function make-lsp-client "ext:lsp-mode")
(declare-function lsp-stdio-connection "ext:lsp-mode")
(with-eval-after-load 'lsp-mode
  (add-to-list 'lsp-language-id-configuration '(onward-mode . "onward"))
  (lsp-register-client
   (make-lsp-client :new-connection (lsp-stdio-connection (lambda () onward-command))
                    :major-modes '(onward-mode) :server-id 'onward)))

(provide 'onward-mode)
;;; onward-mode.el ends here
