;;; test.el --- Tests of nn-mode with the real server -*- lexical-binding: t; -*-

;;; Commentary:

;; Run by test.sh in an Emacs without any other configuration than README.md's.

;;; Code:

(require 'cl-lib)
(require 'eglot)

(defvar nn-test-passed 0)
(defvar nn-test-failed 0)

(defun nn-test (name ok &optional detail)
  "Note that the test NAME passed, if OK; else print DETAIL."
  (if ok (cl-incf nn-test-passed) (cl-incf nn-test-failed))
  (message "%s  %s%s" (if ok "ok  " "FAIL") name (if ok "" (format ": %S" detail))))

(defun nn-test-eventually (get)
  "Call GET until it gives something, for 40 seconds at most."
  (let (value (until (time-add nil 40)))
    (while (and (not (setq value (funcall get))) (time-less-p nil until))
      (accept-process-output nil 0.1))
    value))

(defun nn-test-open (text)
  "A buffer that visits a new file with TEXT, with the server attached."
  (let ((file (make-temp-file "test" nil ".nn" text)))
    (find-file file)
    (apply #'eglot--connect (eglot--guess-contact))
    (current-buffer)))

(defun nn-test-face (text)
  "The face of the first TEXT in the buffer."
  (save-excursion
    (goto-char (point-min))
    (search-forward text)
    (get-text-property (match-beginning 0) 'face)))

(defconst nn-test-program "data xor {
  let t = rows([[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]], columns: [a, b, y])
  field x = t[a, b]
  field y = t.y
}

# Two layers.
model Xor(x: [2]) -> logit: float {
  x |> Dense(8) |> tanh |> Dense(1) |> squeeze
}

train Xor on xor {
  loss:      bce_with_logits(logit, y)
  optimizer: Adam(lr: 0.05)
  epochs:    300
  batch:     4
}
")

;; What is written by `nnrun fmt' is indented as it is.
(dolist (file (directory-files "examples" t "\\.nn\\'"))
  (with-temp-buffer
    (insert-file-contents file)
    (let ((text (buffer-string)))
      (nn-mode)
      (goto-char (point-min))
      (while (not (eobp))
        (delete-horizontal-space)
        (forward-line))
      (let ((inhibit-message t)) (indent-region (point-min) (point-max)))
      (let ((at (compare-strings text nil nil (buffer-string) nil nil)))
        (nn-test (concat (file-name-nondirectory file) " is indented as it was") (eq at t)
                 (unless (eq at t)
                   (goto-char (min (abs at) (point-max)))
                   (buffer-substring (line-beginning-position) (line-end-position))))))))

(let ((buffer (nn-test-open nn-test-program)))
  (nn-test "the mode is found" (eq major-mode 'nn-mode) major-mode)
  (font-lock-ensure)
  (nn-test "a word of the language is coloured" (eq (nn-test-face "data") 'font-lock-keyword-face) (nn-test-face "data"))
  (nn-test "a layer is coloured" (eq (nn-test-face "Dense") 'font-lock-builtin-face) (nn-test-face "Dense"))
  (nn-test "a function is coloured" (eq (nn-test-face "tanh") 'font-lock-function-call-face) (nn-test-face "tanh"))
  (nn-test "a setting is coloured" (eq (nn-test-face "loss") 'font-lock-builtin-face) (nn-test-face "loss"))
  (nn-test "a comment is coloured" (eq (nn-test-face "Two") 'font-lock-comment-face) (nn-test-face "Two"))
  (nn-test "Imenu knows the model" (assoc "Xor" (funcall imenu-create-index-function)))
  (nn-test "the server is attached" (eglot-managed-p))
  (goto-char (point-min))
  (search-forward "Den")
  (let ((hover (nn-test-eventually
                (lambda ()
                  (ignore-errors
                    (jsonrpc-request (eglot--current-server-or-lose) :textDocument/hover
                                     (eglot--TextDocumentPositionParams)))))))
    (nn-test "hover tells about the layer" (string-match-p "Dense" (format "%S" hover)) hover))
  (goto-char (point-min))
  (search-forward "x |> Dense(8)")
  (replace-match "x|>Dense( 8 )" t t)
  (eglot-format-buffer)
  (nn-test "formatting puts the line right" (string-match-p "^  x |> Dense(8) |>" (buffer-string)) (buffer-string))
  (set-buffer-modified-p nil)
  (kill-buffer buffer))

(let ((buffer (nn-test-open (string-replace "Dense(8)" "Dens(8)" nn-test-program))))
  (flymake-mode 1)
  (let ((found (nn-test-eventually (lambda () (flymake-start) (flymake-diagnostics)))))
    (nn-test "a mistake is reported" (and found (string-match-p "Dens" (flymake-diagnostic-text (car found)))) found))
  (set-buffer-modified-p nil)
  (kill-buffer buffer))

(message "%d passed, %d failed" nn-test-passed nn-test-failed)
(kill-emacs (if (zerop nn-test-failed) 0 1))
;;; test.el ends here
