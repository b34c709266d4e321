;;; test.el --- What onward-mode promises -*- lexical-binding: t -*-

(require 'ert)
(require 'onward-mode)

(defmacro onward-with (text &rest body)
  "With TEXT in a buffer of its own, run BODY."
  (declare (indent 1))
  `(with-temp-buffer (insert ,text) (onward-mode) (font-lock-ensure) (goto-char (point-min)) ,@body))

(defun onward-face-of (word)
  "The face of the first WORD."
  (goto-char (point-min))
  (search-forward word)
  (get-text-property (match-beginning 0) 'face))

(ert-deftest onward-is-known-by-its-name ()
  (should (eq (cdr (assoc "\\.onward\\'" auto-mode-alist)) 'onward-mode)))

(ert-deftest onward-colours ()
  (onward-with "## Docs\nworkflow w {\n  do email welcome # why\n  do x { when: 1 }\n}\n"
    (should (eq (onward-face-of "## Docs") 'font-lock-doc-face))
    (should (eq (onward-face-of "workflow") 'font-lock-keyword-face))
    (should (eq (onward-face-of "email") 'font-lock-function-name-face))
    (should (eq (onward-face-of "when") 'font-lock-variable-name-face))))

(ert-deftest onward-reads-texts-of-several-lines ()
  (onward-with "template a email { markdown \"\"\"\n  \"b\" # no comment\n  \"\"\" }\nevent c { }\n"
    (should (eq (onward-face-of "no comment") 'font-lock-string-face))
    (should (eq (onward-face-of "event") 'font-lock-keyword-face))))

(ert-deftest onward-indents ()
  (onward-with "workflow w {\non x\nif a {\nstop\n}\n}\n"
    (indent-region (point-min) (point-max))
    (should (equal (buffer-string) "workflow w {\n  on x\n  if a {\n    stop\n  }\n}\n"))))

(ert-deftest onward-lists-declarations ()
  (onward-with "event a { }\ntest \"b c\" { }\n"
    (let ((index (imenu--make-index-alist t)))
      (should (assoc "a" (cdr (assoc "Event" index))))
      (should (assoc "b c" (cdr (assoc "Test" index)))))))

;;; test.el ends here
